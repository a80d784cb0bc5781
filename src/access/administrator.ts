/** The user that the first start makes. */
export const administratorName = "administrator";
