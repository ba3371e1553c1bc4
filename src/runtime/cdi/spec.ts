import { EngineError } from '../../errors.ts';

/** What a device does to a container. Source: CDI specification, containerEdits. */
export interface CdiEdits {
	readonly env: readonly string[];
	readonly deviceNodes: readonly CdiDeviceNode[];
	readonly mounts: readonly CdiMount[];
	readonly hooks: readonly CdiHook[];
	readonly additionalGids: readonly number[];
}

export interface CdiDeviceNode {
	readonly path: string;
	/** `''`: as `path`. */
	readonly hostPath: string;
	/** Any of `r`, `w`, `m`; `''`: all. */
	readonly permissions: string;
	readonly uid: number | null;
	readonly gid: number | null;
	readonly fileMode: number | null;
}

export interface CdiMount {
	readonly hostPath: string;
	readonly containerPath: string;
	readonly options: readonly string[];
}

/** The moments of a container's life that hooks may name. Source: OCI runtime-spec, config.md, POSIX-platform Hooks. */
export const hookNames = [
	...(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const),
];

export interface CdiHook {
	readonly name: (typeof hookNames)[number];
	readonly path: string;
	readonly args: readonly string[];
	readonly env: readonly string[];
	readonly timeout: number | null;
}

/** One file of devices. */
export interface CdiSpec {
	/** `vendor.com/class`. */
	readonly kind: string;
	readonly edits: CdiEdits;
	readonly devices: ReadonlyMap<string, CdiEdits>;
}

/** Checks a parsed document. @throws EngineError `invalid_argument` naming the member at fault */
export function readCdiSpec(document: unknown): CdiSpec {
	const spec = record(document, 'the document');
	const kind = text(spec.kind, 'kind');
	if (!/^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*$/.test(kind)) throw wrong(`kind: ${JSON.stringify(kind)} is not vendor/class`);
	text(spec.cdiVersion, 'cdiVersion');
	const devices = list(spec.devices, 'devices').map((value, index) => {
		const device = record(value, `devices[${index}]`);
		return [text(device.name, `devices[${index}].name`), readEdits(device.containerEdits)] as const;
	});
	return { kind, edits: readEdits(spec.containerEdits), devices: new Map(devices) };
}

function readEdits(value: unknown): CdiEdits {
	const edits = value === undefined || value === null ? {} : record(value, 'containerEdits');
	return {
		env: texts(edits.env, 'env'),
		deviceNodes: list(edits.deviceNodes, 'deviceNodes').map((each) => readNode(record(each, 'deviceNodes'))),
		mounts: list(edits.mounts, 'mounts').map((each) => {
			const mount = record(each, 'mounts');
			return {
				hostPath: absolute(mount.hostPath, 'mounts.hostPath'),
				containerPath: absolute(mount.containerPath, 'mounts.containerPath'),
				options: texts(mount.options, 'mounts.options'),
			};
		}),
		hooks: list(edits.hooks, 'hooks').map((each) => readHook(record(each, 'hooks'))),
		additionalGids: list(edits.additionalGids, 'additionalGids').map((each) => number(each, 'additionalGids') ?? 0),
	};
}

function readNode(node: Readonly<Record<string, unknown>>): CdiDeviceNode {
	const permissions = optional(node.permissions, 'deviceNodes.permissions');
	if (!/^[rwm]{0,3}$/.test(permissions)) throw wrong(`deviceNodes.permissions: ${JSON.stringify(permissions)}`);
	return {
		path: absolute(node.path, 'deviceNodes.path'),
		hostPath: optional(node.hostPath, 'deviceNodes.hostPath'),
		permissions,
		uid: number(node.uid, 'deviceNodes.uid'),
		gid: number(node.gid, 'deviceNodes.gid'),
		fileMode: number(node.fileMode, 'deviceNodes.fileMode'),
	};
}

function readHook(hook: Readonly<Record<string, unknown>>): CdiHook {
	const name = hookNames.find((known) => known === hook.hookName);
	if (name === undefined) throw wrong(`hooks.hookName: ${JSON.stringify(hook.hookName)} is not known`);
	return {
		name,
		path: absolute(hook.path, 'hooks.path'),
		args: texts(hook.args, 'hooks.args'),
		env: texts(hook.env, 'hooks.env'),
		timeout: number(hook.timeout, 'hooks.timeout'),
	};
}

function wrong(problem: string): EngineError {
	return new EngineError('invalid_argument', problem);
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(`${name}: expected an object`);
	return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, name: string): readonly unknown[] {
	if (value === undefined || value === null) return [];
	if (!Array.isArray(value)) throw wrong(`${name}: expected a list`);
	return value;
}

function text(value: unknown, name: string): string {
	if (typeof value !== 'string' || value === '' || value.includes('\0')) throw wrong(`${name}: expected a text`);
	return value;
}

function optional(value: unknown, name: string): string {
	return value === undefined || value === null || value === '' ? '' : text(value, name);
}

function absolute(value: unknown, name: string): string {
	const path = text(value, name);
	if (!path.startsWith('/')) throw wrong(`${name}: ${JSON.stringify(path)} is not absolute`);
	return path;
}

function texts(value: unknown, name: string): readonly string[] {
	return list(value, name).map((each) => text(each, name));
}

function number(value: unknown, name: string): number | null {
	if (value === undefined || value === null) return null;
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw wrong(`${name}: expected a number`);
	return value;
}
