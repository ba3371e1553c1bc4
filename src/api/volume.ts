/** Wire types of the Docker Engine API: volume. Source: Engine API 1.51, definitions. Every field may be absent on the wire. */

export type Volume = {
	Name?: string | undefined;
	Driver?: string | undefined;
	Mountpoint?: string | undefined;
	CreatedAt?: string | undefined;
	Status?: Record<string, Record<string, unknown>> | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	Scope?: 'local' | 'global' | undefined;
	ClusterVolume?: unknown | undefined;
	Options?: Record<string, string> | null | undefined;
	UsageData?:
		| {
				Size?: number | undefined;
				RefCount?: number | undefined;
		  }
		| null
		| undefined;
};

export type VolumeCreateOptions = {
	Name?: string | undefined;
	Driver?: string | undefined;
	DriverOpts?: Record<string, string> | null | undefined;
	Labels?: Record<string, string> | null | undefined;
	ClusterVolumeSpec?:
		| {
				Group?: string | undefined;
				AccessMode?:
					| {
							Scope?: 'single' | 'multi' | undefined;
							Sharing?: 'none' | 'readonly' | 'onewriter' | 'all' | undefined;
							MountVolume?: Record<string, unknown> | undefined;
							Secrets?:
								| {
										Key?: string | undefined;
										Secret?: string | undefined;
								  }[]
								| null
								| undefined;
							AccessibilityRequirements?:
								| {
										Requisite?: Record<string, string>[] | null | undefined;
										Preferred?: Record<string, string>[] | null | undefined;
								  }
								| undefined;
							CapacityRange?:
								| {
										RequiredBytes?: number | undefined;
										LimitBytes?: number | undefined;
								  }
								| undefined;
							Availability?: 'active' | 'pause' | 'drain' | undefined;
					  }
					| undefined;
		  }
		| undefined;
};

export type VolumeListResponse = {
	Volumes?: Volume[] | null | undefined;
	Warnings?: string[] | null | undefined;
};
