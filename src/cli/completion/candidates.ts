/** A word that may stand where the user is typing. */
export interface Candidate {
	readonly value: string;
	/** Shown beside it, where a shell can. */
	readonly about?: string;
}

/** What a shell does beside offering the candidates; numbers as other programs with such a command have them. */
export const after = { files: 0, failed: 1, noSpace: 2, nothing: 4, folders: 16 } as const;

/** Candidates and what follows them. */
export interface Completion {
	readonly candidates: readonly Candidate[];
	readonly directive: number;
}

/** Files of the shell's own finding. */
export const files: Completion = { candidates: [], directive: after.files };
/** Nothing fits. */
export const none: Completion = { candidates: [], directive: after.nothing };

/** These words and no files. */
export function words(values: readonly string[], directive: number = after.nothing): Completion {
	return { candidates: values.map((value) => ({ value })), directive };
}
