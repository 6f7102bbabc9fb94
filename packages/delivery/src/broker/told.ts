/** Calls a hook of the user, which may throw, or give a promise that rejects: both go to `failed`, and nowhere else. */
export function tell(hook: () => unknown, failed: (error: unknown) => void): void {
  const told = async (): Promise<void> => {
    try {
      await hook();
    } catch (error) {
      failed(error);
    }
  };
  void told();
}
