import { api } from '../../shared/api/index.ts';
import type { CommandContext, CommandSpec } from '../command.ts';

export const whoamiCommand: CommandSpec = { words: 'whoami', summary: 'who I am to the server', run: whoami };

async function whoami(context: CommandContext): Promise<void> {
  const { call, profile } = context.connect();
  const me = await call(api.sessions.current, {});
  context.output.show(me, [
    ['name', me.identity.name],
    ['id', me.identity.id],
    ['kind', me.identity.kind],
    ['groups', me.groups.map((group) => group.name).join(', ')],
    ['roles on the server', me.serverRoles.join(', ')],
    ['session', `${me.session.id}, by ${me.session.method}`],
    ['expires', me.session.expiresAt],
    ['server', profile.server],
    ['profile', profile.name],
  ]);
}
