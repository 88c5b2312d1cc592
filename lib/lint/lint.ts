import type { IConstruct } from 'constructs';
import { graphOf } from './graph/graph.ts';
import { type DeclaredThings, readDeclared, type SwitchedOff, switchedOffIn } from './graph/graph-declared.ts';
import type { Severity } from './graph/rule.ts';
import { type Acknowledgement, acknowledgedIn, acknowledgementOf, isWithin } from './reading/acknowledgements.ts';
import { aroundAndBelow, templatesOf } from './reading/construct-tree.ts';
import type { Template } from './reading/templates.ts';
import { looksAtResources, MESSAGING_RULES } from './rules.ts';

/** A mistake that was found: enough to mend it. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** Where it is in the construct tree. */
  readonly path: string;
  readonly property: string;
  /** What is there now. */
  readonly value: string;
  readonly mistake: string;
  readonly why: string;
  readonly fix: string;
  readonly source: string | undefined;
  /** Who accepted it. @default it counts */
  readonly acknowledged: Acknowledgement | undefined;
}

/** What is linted: templates, and what is known of them beside. */
export interface System {
  readonly templates: readonly Template[];
  readonly acknowledgements: readonly Acknowledgement[];
  /** What our constructs were made from. @default the templates come without constructs, so that rules on declarations find nothing */
  readonly declared?: DeclaredThings;
  /** @default none */
  readonly switchedOff?: readonly SwitchedOff[];
}

/**
 * Looks for mistakes in the messaging of a synthesised app, or of a part of it: resources of our constructs, and those made with any other.
 * @returns findings in the order of their paths, acknowledged ones included
 */
export const lint = (root: IConstruct): readonly Finding[] =>
  lintSystem({
    templates: templatesOf(root),
    acknowledgements: aroundAndBelow(root).flatMap(({ node }) => acknowledgedIn(node.path, node.metadata)),
    switchedOff: aroundAndBelow(root).flatMap(({ node }) => switchedOffIn(node.path, node.metadata)),
    declared: readDeclared(root),
  }).filter(({ path }) => isWithin(path, root.node.path));

/** The same for templates, whoever wrote them. */
export function lintSystem(system: System): readonly Finding[] {
  const { acknowledgements, declared, switchedOff } = system;
  const graph = graphOf(system.templates, declared, switchedOff);
  const found = MESSAGING_RULES.flatMap((rule) => {
    const { id, severity, mistake, why, source } = rule;
    return rule.check(graph).map(({ at: { path }, property, value, fix }): Finding => {
      const acknowledged = acknowledgementOf(id, path, acknowledgements);
      return {
        ...{ rule: id, severity, path, property, value, mistake, why, fix, source },
        acknowledged: acknowledged?.reason === '' ? undefined : acknowledged,
      };
    });
  });
  const distinct = new Map(found.map((one) => [`${one.path} ${one.rule} ${one.property} ${one.value}`, one]));
  return [...distinct.values(), ...acknowledgementFindings(system, found)].sort((a, b) =>
    a.path < b.path ? -1 : a.path > b.path ? 1 : 0,
  );
}

/** Acknowledgements that say nothing, or are about nothing. */
function acknowledgementFindings(
  { acknowledgements, declared }: System,
  found: readonly Finding[],
): readonly Finding[] {
  const used = new Set(found.map(({ acknowledged }) => keyOf(acknowledged)));
  const checked = declared === undefined ? MESSAGING_RULES.filter(looksAtResources) : MESSAGING_RULES;
  return acknowledgements.flatMap((one): Finding[] => {
    const at = { path: one.path, source: undefined, acknowledged: undefined };
    if (one.reason === '')
      return [
        {
          ...at,
          ...ACKNOWLEDGED_WITHOUT_REASON,
          property: 'reason',
          value: `empty, for ${one.rule}`,
          fix: `Write Validations.of(construct).acknowledge({ id: '${one.rule}', reason: 'why it does no harm here' }).`,
        },
      ];
    if (used.has(keyOf(one))) return [];
    const known = MESSAGING_RULES.some(({ id }) => id === one.rule);
    if (known && !checked.some(({ id }) => id === one.rule)) return [];
    return [
      {
        ...at,
        ...ACKNOWLEDGED_NOTHING,
        property: 'id',
        value: `'${one.rule}', ${known ? 'which finds nothing here' : 'which is no rule'}`,
        fix: known ? 'Take the acknowledgement away.' : 'Write the id of a rule: npx sluice lint prints them.',
      },
    ];
  });
}

const keyOf = (one: Acknowledgement | undefined): string => `${one?.path} ${one?.rule}`;

export const ACKNOWLEDGED_WITHOUT_REASON = {
  rule: 'Messaging-AcknowledgedWithoutReason',
  severity: 'error',
  mistake: 'an acknowledgement gives no reason',
  why: 'Whoever comes next cannot tell an accepted risk from a forgotten mistake.',
} as const;

export const ACKNOWLEDGED_NOTHING = {
  rule: 'Messaging-AcknowledgedNothing',
  severity: 'warning',
  mistake: 'an acknowledgement is about nothing',
  why: 'The mistake was mended, or the id is misspelt; the next one of its kind would pass unseen.',
} as const;
