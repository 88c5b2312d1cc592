import type { Json, JsonObject } from './json.ts';
import { isObject } from './json.ts';
import { SUB_VARIABLE, TemplateError } from './template.ts';

/** Logical ids that an expression refers to by Ref, Fn::GetAtt or Fn::Sub, whichever way conditions turn out. */
export function referencesOf(value: Json, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(value)) for (const entry of value) referencesOf(entry, found);
  if (!isObject(value)) return found;
  for (const [key, member] of Object.entries(value)) {
    if (key === 'Ref' && typeof member === 'string') found.add(member);
    else if (key === 'Fn::GetAtt') found.add(getAttTarget(member));
    else {
      if (key === 'Fn::Sub') addSubTargets(member, found);
      referencesOf(member, found);
    }
  }
  return found;
}

/**
 * For each resource the resources that must exist before it: what its properties refer to, and its DependsOn.
 * @param resources the template's Resources, those left out by a condition already removed
 * @throws TemplateError naming the resources of a cycle
 */
export function dependencyGraph(stackName: string, resources: JsonObject): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [logicalId, resource] of Object.entries(resources)) {
    const properties = isObject(resource) ? (resource.Properties ?? {}) : {};
    const dependsOn = isObject(resource) ? (resource.DependsOn ?? []) : [];
    const needed = referencesOf(properties);
    for (const other of Array.isArray(dependsOn) ? dependsOn : [dependsOn])
      if (typeof other === 'string') needed.add(other);
    graph.set(logicalId, new Set([...needed].filter((id) => id in resources)));
  }
  refuseCycle(stackName, graph);
  return graph;
}

function refuseCycle(stackName: string, graph: ReadonlyMap<string, ReadonlySet<string>>): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): void => {
    if (done.has(id)) return;
    if (path.includes(id)) {
      const cycle = [...path.slice(path.indexOf(id)), id].join(' -> ');
      throw new TemplateError(`Stack ${stackName}: resources depend on each other in a circle: ${cycle}.`);
    }
    path.push(id);
    for (const next of graph.get(id) ?? []) visit(next);
    path.pop();
    done.add(id);
  };
  for (const id of graph.keys()) visit(id);
}

function getAttTarget(member: Json): string {
  if (Array.isArray(member)) return String(member[0]);
  return String(member).split('.')[0] ?? '';
}

function addSubTargets(member: Json, found: Set<string>): void {
  const [source, extra] = Array.isArray(member) ? member : [member];
  const variables = isObject(extra ?? null) ? Object.keys(extra as JsonObject) : [];
  for (const [, escaped, name] of String(source).matchAll(SUB_VARIABLE)) {
    const key = name?.trim() ?? '';
    if (!escaped && !variables.includes(key)) found.add(key.split('.')[0] ?? key);
  }
}
