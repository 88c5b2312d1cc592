/** What a shell has to set so that any SDK or CLI talks to the engine. The keys are no secret: the engine takes any. */
export const environmentFor = (url: string, region: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: region,
  // The AWS CLI 1 and older SDKs read this one.
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
});

/** Points the SDK clients of this process at the engine, whatever account the shell is signed in to. */
export function pointSdkAt(url: string, region: string): void {
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete process.env[name];
  Object.assign(process.env, environmentFor(url, region));
}

/** The same as a line for a shell. */
export const exportsFor = (url: string, region: string): string =>
  `export ${Object.entries(environmentFor(url, region))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;
