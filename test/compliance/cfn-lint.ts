import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programsOf } from '../python/environment.ts';
import { type AcceptedFindings, conclude, type Finding } from './findings.ts';
import { REGIONS, withAskedTemplates } from './templates.ts';

/** `npm run lint:cfn`: cfn-lint over the templates of every stage; `-- --regions` over those of each region. https://pypi.org/project/cfn-lint/ */
const CFN_LINT = { name: 'cfn-lint', version: '1.58.0' };

const ACCEPTED: AcceptedFindings = {
  W3005: {
    reason:
      'the CDK writes the dependency of a function on its role next to the one on its policy, which is needed; it changes nothing',
    on: /^Resources\/\w+\/DependsOn\/\d+$/,
  },
};

interface Match {
  readonly Rule: { readonly Id: string };
  readonly Location: { readonly Path: readonly (string | number)[] | null };
  readonly Message: string;
}

const program = join(await programsOf(CFN_LINT), 'cfn-lint');
await withAskedTemplates(async (templates) => {
  const matches = await lint(templates);
  const findings = matches.map(
    ({ Rule, Location, Message }): Finding => ({
      rule: Rule.Id,
      resource: Location.Path?.join('/') ?? '(template)',
      message: Message,
    }),
  );
  conclude('cfn-lint', templates.length, findings, ACCEPTED);
});

/** cfn-lint ends with a code other than 0 when it finds something, and prints it all the same. */
async function lint(templates: readonly string[]): Promise<readonly Match[]> {
  const run = promisify(execFile)(program, ['--format', 'json', '--regions', ...REGIONS, '--', ...templates]);
  const { stdout, stderr } = await run.catch((error: { stdout?: string; stderr?: string }) => error);
  if (stdout === undefined || stdout.trim() === '') throw new Error(`cfn-lint printed nothing: ${stderr}`);
  return JSON.parse(stdout);
}
