import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RuntimeProgram } from '../protocol.ts';
import { serializeSpec } from '../spec/serialize.ts';
import type { OciSpec } from '../spec/types.ts';

/** Names, in a bundle, the file where its shim is to keep the filter that the runtime compiled. */
const learnFile = 'seccomp.learn';
/** crun takes the filter from here instead of compiling the `seccomp` section, which costs it 8 ms. */
const filterAnnotation = 'run.oci.seccomp_bpf_data';

/** Writes a container's bundle; returns its directory. What an earlier run left there is replaced. `bundlesDir` is on a tmpfs. */
export function writeBundle(bundlesDir: string, id: string, spec: OciSpec, runtime: RuntimeProgram): string {
	const directory = join(bundlesDir, id);
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const known = withCompiledFilter(bundlesDir, directory, spec, runtime);
	writeFileSync(join(directory, 'config.json'), serializeSpec(known), { mode: 0o600 });
	return directory;
}

/** Removes a bundle; nothing there is fine. */
export function removeBundle(bundlesDir: string, id: string): void {
	rmSync(join(bundlesDir, id), { recursive: true, force: true });
}

/** The specification with the filter that an earlier container with the same profile left, or a note to keep this one's. */
function withCompiledFilter(bundlesDir: string, directory: string, spec: OciSpec, runtime: RuntimeProgram): OciSpec {
	rmSync(join(directory, learnFile), { force: true });
	const profile = spec.linux.seccomp;
	if (profile === undefined || basename(runtime.path) !== 'crun') return spec;
	if (spec.annotations?.[filterAnnotation] !== undefined) return spec;
	const key = new Bun.CryptoHasher('sha256').update(JSON.stringify([runtime.path, profile])).digest('hex');
	const cache = join(bundlesDir, '.seccomp');
	try {
		const filter = readFileSync(join(cache, key)).toString('base64');
		return { ...spec, annotations: { ...spec.annotations, [filterAnnotation]: filter } };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
	}
	mkdirSync(cache, { recursive: true, mode: 0o700 });
	writeFileSync(join(directory, learnFile), join(cache, key), { mode: 0o600 });
	return spec;
}
