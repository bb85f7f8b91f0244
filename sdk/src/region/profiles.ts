// Profiles and pictures.

import type { CallOptions } from "../events/abort.ts";
import { HttpProblem, path, read, send } from "../http/http.ts";
import type { HttpRequest } from "../http/http.ts";
import type { ExpectedPicture, Picture, PictureList, Profile, ProfileList, ProfileUpdate } from "../wire/region.ts";
import { query } from "./api.ts";
import type { Api } from "./api.ts";

/** The profiles of players, and the player's own with its pictures. */
export class Profiles {
  readonly #api: Api;
  /** The entity tag of each profile that was read, which names its version. */
  readonly #tags = new WeakMap<Profile, string>();

  constructor(matchpoint: Api) {
    this.#api = matchpoint;
  }

  /** Returns the player's own profile, with its `private` and `account` fields. */
  mine({ signal }: CallOptions = {}): Promise<Profile> {
    return this.#own({ signal });
  }

  /** Returns the public profile of a player. Answered from a cache near the client. */
  of(player: string, { signal }: CallOptions = {}): Promise<Profile> {
    return this.#api.edge(path("/v1/profiles/", player), { signal });
  }

  /** Returns the public profiles that exist, in the order of the ids. */
  async many(players: readonly string[], { signal }: CallOptions = {}): Promise<Profile[]> {
    return (await this.#api.edge<ProfileList>(`/v1/profiles${query({ ids: players.join() })}`, { signal })).profiles;
  }

  /**
   * Changes the player's profile: fields that are left out stay, and `null` removes one. With `if_unchanged`, only if the profile is
   * still as in that answer of `mine` or `edit`: otherwise throws `HttpProblem` with `version_changed`.
   */
  edit(changes: ProfileUpdate, { if_unchanged, signal }: CallOptions & { if_unchanged?: Profile } = {}): Promise<Profile> {
    const tag = if_unchanged ? (this.#tags.get(if_unchanged) ?? '""') : "*";
    return this.#own({ method: "PATCH", body: changes, headers: { "if-match": tag }, signal });
  }

  /** Returns the player's pictures with their states. */
  async pictures({ signal }: CallOptions = {}): Promise<Picture[]> {
    return (await this.#api.region<PictureList>("/v1/pictures", { signal })).pictures;
  }

  /**
   * Uploads a JPEG, PNG or WebP image, and returns the id of the picture. It is `waiting` until the region has processed it; `edit`
   * with `pictures` shows it in the profile.
   */
  async add_picture(image: Blob, { signal }: CallOptions = {}): Promise<string> {
    const body = { type: image.type, bytes: image.size };
    const { picture, upload } = await this.#api.region<ExpectedPicture>("/v1/pictures", { method: "POST", body, signal });
    const answer = await send(this.#api.platform, upload.url, { method: upload.method, headers: upload.headers, raw: image, timeout_ms: 60_000, signal });
    if (!answer.ok) throw new HttpProblem(answer.status);
    return picture;
  }

  /** Deletes a picture. */
  async remove_picture(picture: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#api.region(path("/v1/pictures/", picture), { method: "DELETE", signal });
  }

  async #own(request: HttpRequest): Promise<Profile> {
    const { region } = await this.#api.config(request);
    const answer = await this.#api.response(`${region}/v1/profiles/me`, request);
    const tag = answer.headers.get("etag");
    const profile = await read<Profile>(answer);
    if (tag !== null) this.#tags.set(profile, tag);
    return profile;
  }
}
