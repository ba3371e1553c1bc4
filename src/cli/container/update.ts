import type { HostConfig } from '../../api/container.ts';
import { containersOf } from '../../client/containers.ts';
import { EngineError } from '../../errors.ts';
import { atLeast, type CommandDef, string } from '../command.ts';
import { forEach } from '../each.ts';
import type { Flags } from '../flags.ts';
import { updateFlags } from '../options/create-flags.ts';
import { parseRestart } from '../options/devices.ts';

export const command: CommandDef = {
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Change limits and restart policy of containers',
	arity: atLeast(1),
	flags: [...updateFlags, string('restart', '', 'When to start again: no, always, unless-stopped, on-failure[:COUNT]')],
	async run(context, flags, names) {
		const given = [...updateFlags.map((flag) => flag.name), 'restart'].some((name) => flags.changed(name));
		if (!given) {
			throw new EngineError('invalid_argument', 'you must provide one or more flags when using this command');
		}
		const changes = changesOf(flags);
		const containers = containersOf(await context.client());
		const warnings: string[] = [];
		const code = await forEach(context, names, async (name) => {
			const { Warnings } = await containers.update(name, changes);
			warnings.push(...(Warnings ?? []));
			return name;
		});
		if (warnings.length > 0) context.stdout.write(`${warnings.join('\n')}\n`);
		return code;
	},
};

function changesOf(flags: Flags): Partial<HostConfig> {
	const restart = flags.string('restart');
	const pids = flags.number('pids-limit');
	return {
		BlkioWeight: flags.number('blkio-weight'),
		CpuPeriod: flags.number('cpu-period'),
		CpuQuota: flags.number('cpu-quota'),
		CpuRealtimePeriod: flags.number('cpu-rt-period'),
		CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
		CpuShares: flags.number('cpu-shares'),
		NanoCpus: flags.number('cpus'),
		CpusetCpus: flags.string('cpuset-cpus'),
		CpusetMems: flags.string('cpuset-mems'),
		Memory: flags.number('memory'),
		MemoryReservation: flags.number('memory-reservation'),
		MemorySwap: flags.number('memory-swap'),
		...(pids === 0 ? {} : { PidsLimit: pids }),
		...(restart === '' ? {} : { RestartPolicy: parseRestart(restart) }),
	};
}
