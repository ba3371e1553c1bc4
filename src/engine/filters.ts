/** Filters as the API has them: key → accepted values. */
export type Filters = ReadonlyMap<string, readonly string[]>;
