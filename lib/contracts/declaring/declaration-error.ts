/** A declaration (event, channel, subscription, outbox) that cannot work, found when it is made: before any synth, deploy or message. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';

  /**
   * @param thing what was declared, e.g. `subscription 'charge-card'`
   * @param problem the property, its value and the rule it breaks
   * @param fix what to write instead
   */
  constructor(thing: string, problem: string, fix: string) {
    super(`${thing}: ${problem}. ${fix}.`);
  }
}

/** Throws a DeclarationError unless `holds`. */
export function declare(holds: boolean, thing: string, problem: string, fix: string): void {
  if (!holds) throw new DeclarationError(thing, problem, fix);
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 40;

/** Names become parts of AWS names, metrics and file names: kebab-case, at most 40 characters. */
export function declareName(kind: string, name: string): void {
  declare(
    NAME.test(name) && name.length <= MAX_NAME_LENGTH,
    `${kind} '${name}'`,
    `the name must be kebab-case (a-z, 0-9, single hyphens) and at most ${MAX_NAME_LENGTH} characters`,
    `Write for example '${
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^[^a-z]+|-+$/g, '')
        .slice(0, MAX_NAME_LENGTH) || 'my-name'
    }'`,
  );
}
