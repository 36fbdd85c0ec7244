/** A value of several types' public network access that Azure takes and the platform does not. */

export const noPerimeter: Readonly<Record<string, string>> = {
  SecuredByPerimeter: "there are no network security perimeters. Use Enabled or Disabled.",
};
