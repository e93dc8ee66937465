/** What our mail says: plain text of ours, with nothing in it that a stranger could have typed. */

interface About {
  /** The email of the account that it is about. */
  readonly account: string;
  readonly publicUrl: string;
}
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

const lines = (...paragraphs: readonly string[]): string => `${paragraphs.join('\n\n')}\n`;

export const resetMail = ({
  account,
  publicUrl,
  link,
  minutes,
  isOrdered,
}: About & { readonly link: string; readonly minutes: number; readonly isOrdered: boolean }): MailText => ({
  subject: 'Choose a new infra password',
  text: lines(
    isOrdered
      ? `An admin has reset the password of ${account} at ${publicUrl}. The old one is void.`
      : `Somebody asked for a new password for ${account} at ${publicUrl}.`,
    `To choose one, open this link within ${minutes} minutes. It works once, and only the newest does:`,
    link,
    isOrdered ? 'If it has run out, ask for another.' : 'If that was not you, do nothing: your password stays as it is.',
  ),
});

/** `accessKeys`: how many live on. */
export const replacedMail = ({
  account,
  publicUrl,
  at,
  accessKeys,
}: About & { readonly at: string; readonly accessKeys: number }): MailText => ({
  subject: 'Your infra password was replaced',
  text: lines(
    `The password of ${account} at ${publicUrl} was replaced at ${at}, by a link that was mailed to you. All its sessions have ended.`,
    `To log in with the new one: infra login ${publicUrl}`,
    ...(accessKeys === 0
      ? []
      : [
          `The password ends no access keys: ${accessKeys === 1 ? 'one' : accessKeys} of this account still ${accessKeys === 1 ? 'holds' : 'hold'}. See infra keys list, and end what you do not know: infra keys remove NAME`,
        ]),
    'If that was not you, tell an admin at once: somebody reads your mail.',
  ),
});
