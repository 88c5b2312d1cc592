/** Where emulators show what was sent through SES, MiniStack's by account. */
const MAILBOXES = ['/_aws/ses', '/_ministack/ses/messages'];

/** URL of an endpoint's mailbox; undefined when it shows none. */
export async function mailboxAt(url: string): Promise<string | undefined> {
  for (const path of MAILBOXES) {
    if ((await fetch(`${url}${path}`)).ok) return `${url}${path}`;
  }
  return undefined;
}

/** The messages of a mailbox, each as JSON. @throws Error when it does not answer */
export async function mailsIn(mailbox: string): Promise<string[]> {
  const answer = await fetch(mailbox);
  if (!answer.ok) throw new Error(`the mailbox at ${mailbox} answered ${answer.status}`);
  const { messages } = (await answer.json()) as { messages: object };
  return Object.values(messages)
    .flat()
    .map((message) => JSON.stringify(message));
}
