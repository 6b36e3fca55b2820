// The import law: data flows one way through the house. Each rule has a planted violation in test/wiring/import-law.test.ts.
const lib = (name) => `^libs/${name}/`;
const testCode = ['\\.(spec|test)\\.ts$', '^(libs|services)/[^/]+/(test|spec)/'];
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'libs-never-import-services',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|deploy|bench|test)/' },
    },
    {
      name: 'services-are-islands',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'libs-by-front-door',
      severity: 'error',
      from: { path: '^(libs|services)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'contracts-is-the-bottom',
      severity: 'error',
      from: { path: lib('contracts'), pathNot: '\\.spec\\.ts$' },
      to: { path: '^(libs|services)/', pathNot: lib('contracts') },
    },
    {
      name: 'pure-stays-pure',
      comment: 'destinations, search and every domain/ decide on values: no framework, no broker, no database, no I/O',
      severity: 'error',
      from: { path: ['^libs/(destinations|search)/', '/domain/'], pathNot: '\\.(spec|test)\\.ts$' },
      to: {
        path: [
          'node_modules/(@nestjs|kafkajs|pg|typeorm|undici|@elastic)/',
          '^(node:)?(fs|net|http|https|tls|dns|child_process|worker_threads)(/|$)',
          '^libs/(kafka|storage|egress|observability|config|secrets|delivery)/',
        ],
        pathNot: '/domain/',
      },
    },
    {
      name: 'search-knows-contracts-only',
      comment: 'page, API and forwarders share the grammar: it may bring none of our other parts with it',
      severity: 'error',
      from: { path: lib('search'), pathNot: testCode },
      to: { path: '^libs/', pathNot: [lib('search'), lib('contracts')] },
    },
    {
      name: 'one-home-for-kafkajs',
      severity: 'error',
      from: { path: '^(libs|services|deploy)/', pathNot: [lib('kafka'), lib('testing')] },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'one-outbound-http-client',
      comment: 'every request that leaves for a tenant goes through the guard of libs/egress',
      severity: 'error',
      // The ops server listens and never calls; a type calls nobody.
      from: {
        path: '^(libs|services)/',
        pathNot: [lib('egress'), lib('testing'), '^libs/observability/src/ops-server\\.ts$', ...testCode],
      },
      to: {
        path: ['node_modules/(undici|axios|got|node-fetch|@elastic)/', '^(node:)?(http|http2|https)$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'forwarders-load-no-elasticsearch-client',
      comment:
        'deliveries are plain bulk requests; the client is for the installer of the index template, behind an entry point of its own',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: ['^libs/egress/src/elasticsearch-connection\\.ts$', ...testCode] },
      to: { path: ['node_modules/@elastic/', '^libs/egress/src/elasticsearch-connection\\.ts$'] },
    },
    {
      name: 'tests-stay-out',
      severity: 'error',
      from: { path: '^(libs|services)/', pathNot: [lib('testing'), ...testCode] },
      to: { path: [lib('testing'), ...testCode, '^test/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
