/**
 * What takes long: whole systems on the engine, packages in empty folders, synthesis of the app in every stage, thousands of simulated worlds. `npm run test:integration`
 * runs these, `npm test` all others; the gate runs both.
 */
export const SLOW = [
  'test/integration/**/*.test.ts',
  'test/packaging/{first-consumer,package}.test.ts',
  'test/simulation/simulation.test.ts',
  'test/lint/pack.test.ts',
] as const;
