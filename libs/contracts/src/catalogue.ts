// Answers what an action key means: its area, its category, or that it is one of the content changes that are never audited.
import { catalogue } from './catalogue-data';

export type Area = (typeof catalogue)[number];
export type AreaKey = Area['key'];
export type Action = Area['actions'][number];
/** One of the 92 keys, e.g. `workflows.workflow_created`; what a producer's editor completes. */
export type ActionKey = Action['key'];
export type Category = Action['category'];

export const categories = [
  'Setting updates',
  'System configuration',
  'User actions',
] as const satisfies readonly Category[];

export interface CatalogueEntry {
  readonly key: ActionKey;
  readonly name: string;
  readonly category: Category;
  readonly area: AreaKey;
  readonly areaName: string;
}

const entries: ReadonlyMap<string, CatalogueEntry> = new Map(
  catalogue.flatMap((area) =>
    area.actions.map((action): [string, CatalogueEntry] => [
      action.key,
      { key: action.key, name: action.name, category: action.category, area: area.key, areaName: area.name },
    ]),
  ),
);

/** The catalogue's entry of an action key; `undefined` where the key is not in the catalogue. */
export function catalogueEntry(action: string): CatalogueEntry | undefined {
  return entries.get(action);
}

/**
 * Content changes are the product's own business, never audit events: workflow action updates, workflow executions,
 * modifications to table records, changes to cases. Producers that name one get `not_audited`, so that they learn it was
 * understood and refused on purpose, not misspelt.
 */
const neverAudited: readonly RegExp[] = [
  /^workflows\.(workflow_)?actions?_(added|created|updated|edited|changed|deleted|removed|moved)$/,
  /^workflows\.(workflow_)?(executed|execution(_\w+)?|run(_\w+)?|ran|started|finished|failed)$/,
  /^(tables|case_related_tables)\.(\w+_)?records?_(added|created|updated|edited|changed|modified|deleted|removed|imported)$/,
  /^cases\.(case_)?(\w+_)?(created|updated|edited|changed|modified|deleted|assigned|reopened|commented)$/,
];

export function isNeverAudited(action: string): boolean {
  return !entries.has(action) && neverAudited.some((pattern) => pattern.test(action));
}
