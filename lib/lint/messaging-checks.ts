import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { ACKNOWLEDGED_NOTHING, ACKNOWLEDGED_WITHOUT_REASON, type Finding, lint } from './lint.ts';
import { MESSAGING_RULES } from './rules.ts';

/** How the pack calls itself in reports, and the namespace of its rules. */
export const PACK_NAME = 'Sluice';

/**
 * The linter as a pack of the CDK's validations, as cdk-nag's packs are:
 * ```ts
 * Validations.of(app).addPlugins(new MessagingChecks());
 * Validations.of(construct).acknowledge({ id: 'Messaging-GlobalOrder', reason: 'a ledger has one line' });
 * ```
 * Errors fail synthesis; warnings are shown and do not. What is acknowledged stands in the report of the assembly with its reason.
 */
export class MessagingChecks implements IPolicyValidationPlugin {
  readonly name = PACK_NAME;
  readonly ruleIds: string[] = [
    ...MESSAGING_RULES.map(({ id }) => id),
    ACKNOWLEDGED_WITHOUT_REASON.rule,
    ACKNOWLEDGED_NOTHING.rule,
  ];

  validate({ appConstruct, stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const stacks = stackTemplates.map(({ stackConstructPath }) => stackConstructPath);
    // The pack may be on one stage of the app only, while the graph needs all of it.
    const findings = lint(appConstruct).filter(
      ({ path }) => path === '' || stacks.some((stack) => path === stack || path.startsWith(`${stack}/`)),
    );
    return {
      success: !findings.some(({ severity, acknowledged }) => severity === 'error' && acknowledged === undefined),
      // Errors last: that is where people look, and what is left of long output.
      violations: findings.toSorted((a, b) => SHOWN[a.severity] - SHOWN[b.severity]).map(violationOf),
    };
  }
}

const SHOWN = { warning: 0, error: 1 } as const;

const violationOf = (finding: Finding): PolicyViolation => ({
  ruleName: ruleNameOf(finding),
  description: `${finding.rule}: ${finding.mistake} (${finding.property} is ${finding.value}). ${finding.why}`,
  fix: finding.fix,
  severity: finding.rule === ACKNOWLEDGED_WITHOUT_REASON.rule ? 'fatal' : finding.severity,
  violatingResources: [{ constructPath: finding.path, locations: [`Properties.${finding.property}`] }],
  ruleMetadata: { property: finding.property, value: finding.value, mistake: finding.mistake, why: finding.why },
});

/**
 * The CDK sets aside what is acknowledged under the id it would give the violation, and reports it with its reason. Ids without a namespace
 * it keeps in the one of annotations, so that an acknowledged finding has to be called by the id it was acknowledged under.
 */
const ruleNameOf = ({ rule, acknowledged }: Finding): string => acknowledged?.qualifiedId ?? rule;
