import { systemOf } from '../../client/system.ts';
import { codeOf, EngineError } from '../../errors.ts';
import { bool, type CommandDef, type Context, string } from '../command.ts';
import { configFolder, writeConfigFile } from '../config-file.ts';
import type { Flags } from '../flags.ts';
import { isTerminal } from '../streams/terminal.ts';
import { type Account, HelperError, hubKey, keyOf, loadAccount, storeAccount } from './credentials.ts';
import { ask, readAll } from './questions.ts';

export const command: CommandDef = {
	usage: '[SERVER]',
	summary: 'Log in to a registry; without SERVER, to Docker Hub',
	arity: { min: 0, max: 1 },
	flags: [
		string('password', 'p', 'Password or access token; whoever lists processes sees it'),
		bool('password-stdin', '', 'Read the password from standard input'),
		string('username', 'u', 'Name of the account'),
	],
	async run(context, flags, [server = '']) {
		const given = await givenAccount(context, flags);
		const key = keyOf(server);
		const said = flags.changed('username') || flags.changed('password');
		if (!said && (await loginWithStored(context, key))) return 0;
		await login(context, key, given ?? (await askAccount(context, key, flags.string('username'))));
		return 0;
	},
};

const wrong = (message: string) => new EngineError('invalid_argument', message);

/** The account on the command line; null when it says too little. @throws EngineError for flags that exclude each other */
async function givenAccount({ stderr }: Context, flags: Flags): Promise<Account | null> {
	const username = flags.string('username');
	if (flags.changed('password') && flags.bool('password-stdin')) {
		throw wrong('conflicting options: cannot specify both --password and --password-stdin');
	}
	if (flags.changed('username') && username.trim() === '') throw wrong('username is empty');
	if (flags.changed('password') && flags.string('password') === '') throw wrong('password is empty');
	if (flags.bool('password-stdin')) {
		if (username === '') throw wrong('the --password-stdin option requires --username to be set');
		const password = (await readAll()).replace(/\n$/, '').replace(/\r$/, '');
		if (password === '') throw wrong('password is empty');
		return { username, password };
	}
	const password = flags.string('password');
	if (password !== '') {
		stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
		await stderr.flush();
	}
	return username === '' || password === '' ? null : { username, password };
}

/** Logs in again with what is kept. False: there is nothing, or the registry does not take it any more. */
async function loginWithStored(context: Context, key: string): Promise<boolean> {
	const stored = await loadAccount(await context.config(), key);
	if (stored === null || (stored.username === '' && !stored.identitytoken)) return false;
	const whose = stored.username === '' ? '' : ` [Username: ${stored.username}]`;
	context.stdout.write(`Authenticating with existing credentials...${whose}\n`);
	const hint = "To login with a different account, run 'docker logout' followed by 'docker login'";
	context.stdout.write(`\n Info -> ${hint.replaceAll('docker', 'gantry')}\n\n\n`);
	await context.stdout.flush();
	try {
		await login(context, key, stored);
		return true;
	} catch (error) {
		if (codeOf(error) !== 'unauthorized' || error instanceof HelperError) throw error;
		context.stderr.write(`Stored credentials invalid or expired\n`);
		return false;
	}
}

async function askAccount(context: Context, key: string, known: string): Promise<Account> {
	if (!(await isTerminal(0))) throw wrong('Error: Cannot perform an interactive login from a non TTY device');
	if (key === hubKey) context.stdout.write('Log in with your Docker ID to push and pull images from Docker Hub.\n');
	const username = known === '' ? await ask(context, 'Username: ', true) : known;
	if (username === '') throw wrong('username is required');
	const password = await ask(context, 'Password: ', false);
	if (password === '') throw wrong('password is required');
	return { username, password };
}

async function login(context: Context, key: string, account: Account): Promise<void> {
	const { stdout, stderr } = context;
	const answer = await systemOf(await context.client()).login({ ...account, serveraddress: key });
	const token = answer?.IdentityToken ?? '';
	const kept: Account = token === '' ? account : { username: account.username, password: '', identitytoken: token };
	const folder = configFolder(context.globals.string('config'), context.env);
	try {
		const plain = await storeAccount(await context.config(), key, kept, (members) => writeConfigFile(folder, members));
		if (plain) {
			stderr.write(
				`\nWARNING! Your credentials are stored unencrypted in '${folder}/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
			);
			await stderr.flush();
		}
	} catch (error) {
		if (!(error instanceof HelperError)) throw error;
		throw new HelperError(error.code, `Error saving credentials: error storing credentials - ${error.message}`);
	}
	stdout.write(`${answer?.Status ?? 'Login Succeeded'}\n`);
}
