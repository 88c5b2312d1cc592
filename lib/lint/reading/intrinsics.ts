import { isRecord, listOf, recordOf } from './json.ts';

/** What `Ref`, `Fn::GetAtt`, or a text that is nothing but one of them (`${Queue.Arn}`) refers to: a logical id, and what of it. */
export interface Reference {
  readonly id: string;
  /** @default the resource itself */
  readonly attribute?: string;
}

const ONLY_ONE = /^\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}$/;

export function referenceOf(value: unknown): Reference | undefined {
  const { Ref: ref, 'Fn::GetAtt': attribute } = recordOf(value);
  if (typeof ref === 'string') return { id: ref };
  const [id, ...names] = typeof attribute === 'string' ? attribute.split('.') : listOf(attribute);
  if (typeof id === 'string') return { id, ...(names.length === 0 ? {} : { attribute: names.map(String).join('.') }) };
  const [, only, name] = isRecord(value) ? (ONLY_ONE.exec(textOf(value) ?? '') ?? []) : [];
  return only === undefined ? undefined : { id: only, ...(name === undefined ? {} : { attribute: name }) };
}

/**
 * A value as text, with `${...}` for what is only known at deployment; what AWS fills in (partition, region, account) is left out.
 * @returns undefined for what is no text
 */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (!isRecord(value)) return undefined;
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::Sub': sub } = value;
  if (typeof ref === 'string') return ref.startsWith('AWS::') ? '' : `\${${ref}}`;
  if (attribute !== undefined) return `\${${listOf(attribute).join('.')}}`;
  if (Array.isArray(join))
    return listOf(join[1])
      .map((part) => textOf(part) ?? UNKNOWN)
      .join(String(join[0]));
  const [text, variables] = listOf(sub);
  if (typeof text !== 'string') return undefined;
  return text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    if (name.startsWith('AWS::')) return '';
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    const given = recordOf(variables)[name];
    return given === undefined ? whole : (textOf(given) ?? UNKNOWN);
  });
}

const UNKNOWN = `\${?}`;

/** Whether a part of a text is only known at deployment. */
export const isOpen = (text: string): boolean => text.includes('${');

/** Every reference in a value, wherever it is. */
export function referencesIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isRecord(value)) return [];
  const isReference = ['Ref', 'Fn::GetAtt', 'Fn::ImportValue', 'Fn::GetStackOutput'].some((name) => name in value);
  if (isReference) return [value];
  const [text] = listOf(value['Fn::Sub']);
  const within =
    typeof text === 'string' ? [...text.matchAll(/\$\{[^}!]+\}/g)].map(([one]) => ({ 'Fn::Sub': one })) : [];
  return [...within, ...Object.values(value).flatMap(referencesIn)];
}
