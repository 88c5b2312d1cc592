import type { Json, JsonObject } from './json.ts';
import { isObject } from './json.ts';

/** What the intrinsic functions of one stack's template can see. */
export interface TemplateScope {
  readonly stackName: string;
  readonly stackId: string;
  readonly region: string;
  readonly accountId: string;
  readonly parameters: ReadonlyMap<string, Json>;
  readonly mappings: JsonObject;
  /** The expression of a condition, by name. */
  readonly conditions: JsonObject;
  /** A resource that exists by now. */
  resource(
    logicalId: string,
  ): { readonly physicalId: string; readonly attributes: Readonly<Record<string, Json>> } | undefined;
  /** The value that a stack before this one exported. */
  exported(name: string): Json | undefined;
}

/** A template says something that cannot be worked out; the message names stack, place and expression. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

type Intrinsic = (argument: Json, context: Context) => Json | undefined;
interface Context {
  readonly scope: TemplateScope;
  readonly place: string;
}

/**
 * Works out every intrinsic function in a value.
 * @param place what the value belongs to (a logical id), for error messages
 * @returns the value; undefined stands for AWS::NoValue, and members that are AWS::NoValue are left out
 * @throws TemplateError
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export function resolveValue(value: Json, scope: TemplateScope, place: string): Json | undefined {
  return resolve(value, { scope, place });
}

/** Whether the named condition of the template holds. An absent name holds. */
export function conditionHolds(name: string | undefined, scope: TemplateScope): boolean {
  return name === undefined || condition(name, { scope, place: `condition ${name}` });
}

function resolve(value: Json, context: Context): Json | undefined {
  if (typeof value === 'string') return dynamicReferenceRefused(value, context);
  if (Array.isArray(value)) return value.map((entry) => resolve(entry, context)).filter((entry) => entry !== undefined);
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const only = keys.length === 1 ? keys[0] : undefined;
  if (only !== undefined && (only === 'Ref' || only.startsWith('Fn::'))) {
    const intrinsic = intrinsics[only];
    if (!intrinsic)
      throw fault(context, `${only} is not supported by the engine (it knows ${Object.keys(intrinsics).join(', ')})`);
    return intrinsic(value[only] ?? null, context);
  }
  if (only === 'Condition' && typeof value.Condition === 'string' && value.Condition in context.scope.conditions) {
    return condition(value.Condition, context);
  }
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const resolved = resolve(member, context);
    if (resolved !== undefined) result[key] = resolved;
  }
  return result;
}

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, context) => reference(text(argument, 'Ref', context), context),
  'Fn::GetAtt': (argument, context) => {
    const [logicalId, attribute] = getAttParts(argument, context);
    return attributeOf(logicalId, attribute, context);
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, context) => {
    const [separator, list] = pair(argument, 'Fn::Join', context);
    return texts(list, 'Fn::Join', context).join(text(separator, 'Fn::Join', context));
  },
  'Fn::Select': (argument, context) => {
    const [index, list] = pair(argument, 'Fn::Select', context);
    const values = resolve(list, context);
    const selected = Array.isArray(values) ? values[Number(resolve(index, context))] : undefined;
    if (selected === undefined)
      throw fault(context, `Fn::Select found nothing at index ${JSON.stringify(index)} of ${JSON.stringify(values)}`);
    return selected;
  },
  'Fn::Split': (argument, context) => {
    const [separator, source] = pair(argument, 'Fn::Split', context);
    return text(source, 'Fn::Split', context).split(text(separator, 'Fn::Split', context));
  },
  'Fn::ImportValue': (argument, context) => {
    const name = text(argument, 'Fn::ImportValue', context);
    const value = context.scope.exported(name);
    if (value === undefined)
      throw fault(context, `Fn::ImportValue names "${name}", which no stack before this one exports`);
    return value;
  },
  'Fn::If': (argument, context) => {
    const [name, whenTrue, whenFalse] = Array.isArray(argument) ? argument : [];
    if (typeof name !== 'string' || whenTrue === undefined || whenFalse === undefined) {
      throw fault(context, `Fn::If needs [condition, value, other value], not ${JSON.stringify(argument)}`);
    }
    return resolve(condition(name, context) ? whenTrue : whenFalse, context);
  },
  'Fn::Equals': (argument, context) => {
    const [left, right] = pair(argument, 'Fn::Equals', context);
    return JSON.stringify(asText(resolve(left, context))) === JSON.stringify(asText(resolve(right, context)));
  },
  'Fn::And': (argument, context) => list(argument, 'Fn::And', context).every((entry) => truth(entry, context)),
  'Fn::Or': (argument, context) => list(argument, 'Fn::Or', context).some((entry) => truth(entry, context)),
  'Fn::Not': (argument, context) => !list(argument, 'Fn::Not', context).every((entry) => truth(entry, context)),
  'Fn::FindInMap': (argument, context) => {
    const [map, first, second] = texts(argument, 'Fn::FindInMap', context);
    const outer = context.scope.mappings[map ?? ''];
    const inner = isObject(outer) ? outer[first ?? ''] : undefined;
    const found = isObject(inner) ? inner[second ?? ''] : undefined;
    if (found === undefined) throw fault(context, `Fn::FindInMap finds nothing at ${map} / ${first} / ${second}`);
    return found;
  },
  'Fn::Base64': (argument, context) => Buffer.from(text(argument, 'Fn::Base64', context)).toString('base64'),
  'Fn::GetAZs': (argument, context) => {
    const region = text(argument, 'Fn::GetAZs', context) || context.scope.region;
    return ['a', 'b', 'c'].map((zone) => region + zone);
  },
  'Fn::ToJsonString': (argument, context) => JSON.stringify(resolve(argument, context) ?? null),
  'Fn::Length': (argument, context) => {
    const values = resolve(argument, context);
    if (!Array.isArray(values)) throw fault(context, `Fn::Length needs a list, not ${JSON.stringify(values)}`);
    return values.length;
  },
};

function reference(name: string, context: Context): Json | undefined {
  const { scope } = context;
  const pseudo = pseudoParameters[name];
  if (pseudo) return pseudo(scope);
  const parameter = scope.parameters.get(name);
  if (parameter !== undefined) return parameter;
  const resource = scope.resource(name);
  if (resource) return resource.physicalId;
  throw fault(context, `Ref names "${name}", which is neither a parameter nor a resource that was created`);
}

const pseudoParameters: Readonly<Record<string, (scope: TemplateScope) => Json | undefined>> = {
  'AWS::Region': (scope) => scope.region,
  'AWS::AccountId': (scope) => scope.accountId,
  'AWS::Partition': () => 'aws',
  'AWS::URLSuffix': () => 'amazonaws.com',
  'AWS::StackName': (scope) => scope.stackName,
  'AWS::StackId': (scope) => scope.stackId,
  'AWS::NotificationARNs': () => [],
  'AWS::NoValue': () => undefined,
};

function attributeOf(logicalId: string, attribute: string, context: Context): Json {
  const resource = context.scope.resource(logicalId);
  if (!resource) throw fault(context, `Fn::GetAtt names "${logicalId}", which is not a resource that was created`);
  const value = resource.attributes[attribute];
  if (value === undefined) {
    const known = Object.keys(resource.attributes).join(', ') || 'none';
    throw fault(
      context,
      `Fn::GetAtt asks ${logicalId} for "${attribute}", which the engine does not give it (it gives ${known})`,
    );
  }
  return value;
}

function substitute(argument: Json, context: Context): Json {
  const [source, extra] = Array.isArray(argument) ? argument : [argument];
  const variables = isObject(extra ?? null) ? (extra as JsonObject) : {};
  return String(source).replaceAll(SUB_VARIABLE, (_, escaped: string, name: string) => {
    if (escaped) return `\${${name}}`;
    const key = name.trim();
    const variable = variables[key];
    if (variable !== undefined) return text(variable, 'Fn::Sub', context);
    const dot = key.indexOf('.');
    const value = dot < 0 ? reference(key, context) : attributeOf(key.slice(0, dot), key.slice(dot + 1), context);
    return String(asText(value));
  });
}

/** `${Name}`, `${Name.Attribute}` and the escaped `${!Literal}` inside Fn::Sub. */
export const SUB_VARIABLE = /\$\{(!?)([^}]+)\}/g;

function condition(name: string, context: Context): boolean {
  const expression = context.scope.conditions[name];
  if (expression === undefined) throw fault(context, `condition "${name}" is not declared in the template`);
  return truth(expression, { scope: context.scope, place: `condition ${name}` });
}

function truth(value: Json, context: Context): boolean {
  const resolved = resolve(value, context);
  return resolved === true || resolved === 'true';
}

function getAttParts(argument: Json, context: Context): [string, string] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  if (Array.isArray(argument) && typeof argument[0] === 'string' && argument[1] !== undefined) {
    return [argument[0], text(argument[1], 'Fn::GetAtt', context)];
  }
  throw fault(context, `Fn::GetAtt needs [logical id, attribute], not ${JSON.stringify(argument)}`);
}

function pair(argument: Json, name: string, context: Context): [Json, Json] {
  const [first, second] = Array.isArray(argument) ? argument : [];
  if (first === undefined || second === undefined)
    throw fault(context, `${name} needs two arguments, not ${JSON.stringify(argument)}`);
  return [first, second];
}

function list(argument: Json, name: string, context: Context): Json[] {
  if (Array.isArray(argument)) return argument;
  throw fault(context, `${name} needs a list, not ${JSON.stringify(argument)}`);
}

function texts(argument: Json, name: string, context: Context): string[] {
  const values = resolve(argument, context);
  if (!Array.isArray(values)) throw fault(context, `${name} needs a list, not ${JSON.stringify(values)}`);
  return values.map((entry) => String(asText(entry)));
}

function text(argument: Json, name: string, context: Context): string {
  const value = asText(resolve(argument, context));
  if (typeof value === 'string') return value;
  throw fault(context, `${name} needs text, not ${JSON.stringify(value)}`);
}

const asText = (value: Json | undefined): Json | undefined =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;

function dynamicReferenceRefused(value: string, context: Context): string {
  const found = /\{\{resolve:[^}]*\}\}/.exec(value)?.[0];
  if (found)
    throw fault(
      context,
      `the dynamic reference ${found} is not supported by the engine; pass the value as a parameter or environment variable`,
    );
  return value;
}

function fault(context: Context, message: string): TemplateError {
  return new TemplateError(`Stack ${context.scope.stackName}, ${context.place}: ${message}.`);
}
