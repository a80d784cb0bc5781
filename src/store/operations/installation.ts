/** What is known of this installation. */
export interface Installation {
  installationId: string;
  /** When its database was made. */
  createdAt: number;
}

export interface InstallationReads {
  installation(): Installation;
}
