// argv → role. Each role is a chunk of its own, so that one never loads another's code.
const role = process.argv[2];
if (role === 'daemon') {
	const { runDaemon } = await import('./daemon.ts');
	await runDaemon(process.argv.slice(3));
} else if (role === 'shim') {
	const { runShim } = await import('./runtime/shim/main.ts');
	await runShim(process.argv.slice(3));
} else if (role === 'unpack-layer') {
	const { runUnpack } = await import('./store/snapshots/unpack/main.ts');
	await runUnpack(process.argv.slice(3));
} else if (role === 'measure') {
	const { runMeasure } = await import('./store/snapshots/usage/main.ts');
	await runMeasure();
} else if (role === 'container-files') {
	const { runContainerFiles } = await import('./store/files/main.ts');
	runContainerFiles();
} else if (role === 'mount-volume') {
	const { runMountVolume } = await import('./engine/volumes/mount-role.ts');
	await runMountVolume();
} else {
	const { runCli } = await import('./cli/main.ts');
	process.exitCode = await runCli(process.argv.slice(2));
}

export {};
