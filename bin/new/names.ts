/** Names in every spelling that files need. */
export interface Names {
  /** `gift-cards` */
  readonly name: string;
  /** `GiftCards` */
  readonly type: string;
  /** `giftCards` */
  readonly value: string;
  /** `GIFT_CARDS` */
  readonly constant: string;
}

/** Physical names have the stack's before them, and 64 characters in all. */
const MAX_CHARACTERS = 24;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Spellings of a name.
 * @throws Error for what is no name, with the rule
 */
export function namesOf(name: string, what: string): Names {
  if (!NAME.test(name) || name.length > MAX_CHARACTERS)
    throw new Error(
      `'${name}' is no name for a ${what}: lower-case words of letters and digits with single hyphens, ${MAX_CHARACTERS} characters at most, such as gift-cards`,
    );
  const type = name
    .split('-')
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join('');
  return {
    name,
    type,
    value: `${type[0]?.toLowerCase()}${type.slice(1)}`,
    constant: name.toUpperCase().replaceAll('-', '_'),
  };
}
