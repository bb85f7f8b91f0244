//! Sessions for the users of the operator's own backend, which knows who they are.

use crate::app::App;
use crate::domain::profile::edit::check_name;
use crate::domain::session::Device;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::service::Service;
use crate::integrations::identity::Identity;
use crate::routes::audit::note;
use crate::routes::sessions::id_token::sign_in_as;
use crate::routes::sessions::issue::TokenPair;
use serde::Deserialize;
use shared::limits;
use shared::service_key::Scope;
use shared::text::is_visible_ascii;
use utoipa::ToSchema;

/// The issuer of the backend's users; no identity provider has it, because it is no URL.
const ISSUER: &str = "ext";

/// A user of the operator's own backend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// The id that the backend gives the user. The first session of a user creates its player.
    #[schema(value_type = crate::schemas::ExternalId)]
    user: String,
    /// The display name of a new player.
    #[schema(value_type = crate::schemas::DisplayName)]
    name: String,
}

/// Creates a session for a user of the backend.
pub async fn create(
    app: &App,
    service: Option<Service>,
    external: External,
    device: Device,
) -> Result<TokenPair, Fault> {
    let Service(actor) = service.ok_or_else(|| {
        let detail = "Only a service may name its user. Send a service key with the scope `sessions`.";
        Refusal::new(Code::TokenMissing, detail).field("Authorization")
    })?;
    actor.require(Scope::Sessions)?;
    let External { user, name } = external;
    let most = limits::EXTERNAL_ID_CHARS_MAX;
    if !is_visible_ascii(&user, most) {
        let detail = format!("A user's id has 1 to {most} visible ASCII characters.");
        return Err(Refusal::new(Code::BadBody, detail).field("external.user").limit(most).into());
    }
    let name = Some(check_name("external.name", &name)?);
    let identity = Identity { issuer: ISSUER.to_owned(), subject: user.clone(), name };
    let pair = sign_in_as(app, &identity, device).await?;
    note(app, &actor.by, "POST /v1/sessions", pair.player(), &format!("ext:{user}")).await?;
    Ok(pair)
}
