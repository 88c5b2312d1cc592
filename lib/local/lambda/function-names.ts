import { parseArn } from '../../formats/arn.ts';

/** The function's name in a name, ARN or partial ARN, with or without a qualifier. */
export function functionNameOf(nameOrArn: string): string {
  const { service, resource = '' } = parseArn(nameOrArn) ?? {};
  const [kind, name] = resource.split(':');
  if (service === 'lambda' && kind === 'function' && name) return name;
  const partial = /^\d{12}:(?:function:)?([^:]+)/.exec(nameOrArn);
  return partial?.[1] ?? nameOrArn.split(':')[0] ?? nameOrArn;
}

export function functionArn({ region, accountId }: { region: string; accountId: string }, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}
