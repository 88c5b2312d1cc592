import { createHash } from 'node:crypto';

export interface NameRules {
  /** Longest name the service takes. */
  readonly max: number;
  /** Ending that must stay (`.fifo`). */
  readonly suffix?: string;
  readonly lowerCase?: boolean;
}

/** Letters of the part that makes a generated name unique. */
const UNIQUE_LENGTH = 12;

/**
 * Name of a resource whose template gives none: stack, logical id and a part that is unique to both, as CloudFormation does it,
 * except that the same assembly always gets the same names.
 * @param generation how many resources of this logical id there were before
 */
export function physicalName(
  stackName: string,
  logicalId: string,
  { max, suffix = '', lowerCase = false }: NameRules,
  generation = 0,
): string {
  const owner = `${stackName}/${logicalId}${generation === 0 ? '' : `/${generation}`}`;
  const digest = createHash('sha256').update(owner).digest('hex');
  const unique = BigInt(`0x${digest}`).toString(36).slice(0, UNIQUE_LENGTH).toUpperCase();
  const room = max - UNIQUE_LENGTH - suffix.length - 2;
  const stack = stackName.slice(0, Math.max(Math.ceil(room / 2), room - logicalId.length));
  const name = `${stack}-${logicalId.slice(0, room - stack.length)}-${unique}${suffix}`;
  return lowerCase ? name.toLowerCase() : name;
}
