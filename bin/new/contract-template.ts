import type { Writing } from './writing.ts';

export const contract = ({
  n,
  imports,
}: Writing): string => `${imports(['event', 'queue', 'minutes', 'seconds', 'exponential', 'subscription'], { valibot: ['* as v'] })}

/** The ${n.name} system as it is declared: the stack deploys this file, the functions run it. */
export const ${n.type}Received = event('${n.name}.received', {
  version: 1,
  data: v.object({
    id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
    text: v.pipe(v.string(), v.maxLength(1_000)),
  }),
  key: ({ id }) => id,
});

const traffic = { peakPerSecond: 20, usualPerSecond: 2, averageBytes: 500 };

export const ${n.value} = queue('${n.name}', { events: [${n.type}Received], traffic });

/** The effect commits in one transaction with the inbox: what comes twice is done once. */
export const handle${n.type} = subscription('handle-${n.name}', {
  to: ${n.value},
  guarantee: 'effectively-once',
  inbox: 'effect',
  retry: exponential({ attempts: 3, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  concurrency: 10,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const ${n.constant}_ENV = { handledTable: 'HANDLED_TABLE' } as const;
`;

export const system = ({
  n,
  imports,
  isHouse,
}: Writing): string => `${imports(['systemContract', isHouse ? 'type HouseSystem' : 'type System'], { './contract.ts': ['* as contract'] })}

export const ${n.value}: ${isHouse ? 'HouseSystem' : 'System'} = {
  name: '${n.name}',
  summary: 'say here in one line what it is for',
  contract: systemContract('${n.name}', contract),
${isHouse ? `  stack: async () => (await import('./stack.ts')).${n.type}Stack,\n` : ''}  tools: async () => (await import('./tools/tools.ts')).${n.value}Tools,
};
`;
