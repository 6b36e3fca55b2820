// How many partitions the topics of tests have: fewer than the default of 12, each of which costs time on two cores and proves nothing.
// Three, so that an order across partitions that happens to look right is caught.
export const testPartitions = 3;
