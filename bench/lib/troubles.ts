// What can be the matter with a receiver whose neighbours must not notice it.

export const troubles = ['hanging', 'dripping', 'answering 429', 'answering 503'] as const;
export type Trouble = (typeof troubles)[number];
