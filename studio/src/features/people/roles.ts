/** What each role may do, in words. */
export const ROLES: Record<string, string> = {
  viewer: "Sees anonymised frames and what is on them.",
  worker: "Does labelling tasks, and sees nothing else.",
  reviewer: "Also sees raw images, edits boxes and tags, and exports.",
  admin: "Also decides who the others are.",
};

/** What a token may do, where its user may. */
export const SCOPES: Record<string, string> = {
  read: "the catalog and anonymised images",
  "read-raw": "images as they were recorded",
  label: "labelling tasks",
  write: "boxes, tags, saved selections",
  export: "files of hits",
  admin: "users and invitations",
};

/** Permissions as scopes of tokens. */
export const SCOPE_OF: Record<string, string> = {
  see: "read",
  see_raw: "read-raw",
  label: "label",
  edit: "write",
  export: "export",
  administer: "admin",
};
