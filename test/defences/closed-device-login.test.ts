/** Defences of a server that takes no logins by a code: taken out of the built server one by one, each attack succeeds. */
import { connect } from '../security/federation-stage.ts';
import { approve, askForCode, poll, type AskingProgram } from '../support/device-login.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { cutIn } from './defence.ts';
import { describeDefencesOn, succeeds, type ServerDefence } from './describe-server-defences.ts';

interface Stage {
  readonly server: RunningServer;
  /** The same server on the same data, with other settings. */
  restarted(settings: Readonly<Record<string, string>>): Promise<RunningServer>;
  stop(): Promise<unknown>;
}

async function openStage(main?: string): Promise<Stage> {
  const evil = await startScriptedProvider();
  const build = main === undefined ? {} : { main };
  const server = await startServer(build);
  await connect(server, evil, 'acme');
  let running = server;
  return {
    server,
    restarted: async (settings) => {
      await running.stop();
      running = await startServer({ ...build, dataDir: server.dataDir, port: server.port, withAdmin: false, settings });
      return running;
    },
    stop: async () => Promise.all([running.stop(), evil.stop()]),
  };
}

const off = { 'device-login': 'off' };
const approved = async (server: RunningServer): Promise<AskingProgram> => {
  const asking = await askForCode(server);
  await approve(server, asking.begun.userCode);
  return asking;
};

const defences: readonly ServerDefence<Stage>[] = [
  {
    name: 'a login by a code that the settings have closed opens nothing',
    row: 19,
    cut: cutIn('compose-http.js')('!config.deviceLogin', 'false'),
    attack: async ({ restarted }) => {
      const closed = await restarted(off);
      return succeeds(approved(closed).then(async (asking) => poll(closed, asking)));
    },
  },
  {
    name: 'what was let in before they closed it is forgotten',
    row: 19,
    cut: cutIn('compose.js')('!config.deviceLogin', 'false'),
    attack: async ({ server, restarted }) => {
      const asking = await approved(server);
      await restarted(off);
      return succeeds(poll(await restarted({}), asking));
    },
  },
];

describeDefencesOn('a login by a code that is closed', openStage, defences);
