import { type CommandDef, noArguments } from '../command.ts';

export const command: CommandDef = {
	usage: '',
	summary: 'Join the socket of the daemon to standard input and output',
	arity: noArguments,
	flags: [],
	async run(context) {
		const stream = await (await context.client()).dial();
		const sending = (async () => {
			for await (const chunk of Bun.file(0).stream()) await stream.write(chunk);
			stream.end();
		})();
		// A daemon that hangs up ends the output, too, and that ends the command.
		sending.catch(() => stream.end());
		for await (const chunk of stream.readable) {
			context.stdout.write(chunk);
			await context.stdout.flush();
		}
		return 0;
	},
};
