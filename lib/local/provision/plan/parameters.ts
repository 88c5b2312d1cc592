import type { Json, JsonObject } from '../../json.ts';
import { isObject, textAt } from '../../json.ts';
import { TemplateError } from '../../template.ts';

/**
 * Values of a template's parameters: their defaults.
 * The CDK's BootstrapVersion is a parameter read from SSM; it only guards deployments, so its default stands for its value.
 * @throws TemplateError for a parameter without a default
 */
export function stackParameters(stackName: string, declared: JsonObject): Map<string, Json> {
  const values = new Map<string, Json>();
  for (const [name, parameter] of Object.entries(declared)) {
    const value = isObject(parameter) ? parameter.Default : undefined;
    if (value === undefined) {
      throw new TemplateError(
        `Stack ${stackName}: parameter ${name} has no default, and the engine takes no parameters. Give it one, or use context.`,
      );
    }
    const type = textAt(parameter, 'Type') ?? 'String';
    values.set(
      name,
      /List|CommaDelimited/.test(type) && typeof value === 'string'
        ? value.split(',').map((entry) => entry.trim())
        : value,
    );
  }
  return values;
}
