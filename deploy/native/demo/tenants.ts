// The three tenants of the demo.
export const demoTenants = ['acme', 'globex', 'initech'] as const;
export type DemoTenant = (typeof demoTenants)[number];
