/** Parameters of an operation, as parsed from the request. */
export type Parameters = Record<string, unknown>;
