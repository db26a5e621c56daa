/** Codes of the failures this package throws. */
export const ConfigErrorCode = {
  /** One or more settings are unknown, of the wrong kind, out of range or contradict each other. */
  Invalid: "CONFIG_INVALID",
  /** The settings file cannot be read. */
  FileUnreadable: "CONFIG_FILE_UNREADABLE",
  /** The settings file is not JSON, not an object, or too large. */
  FileMalformed: "CONFIG_FILE_MALFORMED",
} as const;
export type ConfigErrorCode = (typeof ConfigErrorCode)[keyof typeof ConfigErrorCode];
