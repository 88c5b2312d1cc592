/** The function was deployed, or started, without something it needs to know. */
export class MissingEnvironment extends Error {
  override readonly name = 'MissingEnvironment';
  constructor(variable: string, purpose: string) {
    super(
      `environment variable ${variable} is not set: it says ${purpose}. The Sluice constructs set it; when you run the function by hand, set it yourself.`,
    );
  }
}

/**
 * Reads an environment variable that must be there. Called while the function initialises, so that a wrong deployment fails
 * at its first start and not at its first message.
 * @throws MissingEnvironment when it is missing or empty
 */
export function requiredEnv(
  variable: string,
  purpose: string,
  env: (name: string) => string | undefined = (name) => process.env[name],
): string {
  const value = env(variable);
  if (value === undefined || value === '') throw new MissingEnvironment(variable, purpose);
  return value;
}
