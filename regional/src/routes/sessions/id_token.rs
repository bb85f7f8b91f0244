//! Signs players in with the id token of an identity provider: each account belongs to one player.

use crate::app::App;
use crate::clock::random_bytes;
use crate::domain::lockout::Counter;
use crate::domain::profile::Profile;
use crate::domain::profile::edit::check_name;
use crate::domain::session::Device;
use crate::error::code::Code;
use crate::error::{Fault, Refusal};
use crate::http::address::ClientAddress;
use crate::integrations::identity::{BadIdentity, Identity};
use crate::routes::lockout::{count_event, reject_locked};
use crate::routes::sessions::issue::{TokenPair, new_session, token_pair};
use crate::store::retry::{DECISION_ATTEMPTS, until_committed};
use shared::id::PlayerId;

/// Creates a session for the player of an id token; the first sign-in of an account creates its player.
pub async fn sign_in(
    app: &App,
    token: &str,
    nonce: Option<&str>,
    device: Device,
    from: &ClientAddress,
) -> Result<TokenPair, Fault> {
    if app.providers.is_empty() {
        let detail = "This region has no identity provider: `OIDC_PROVIDERS` is not set. Sign in as a guest.";
        let refusal = Refusal::new(Code::NoIdentityProvider, detail);
        return Err(refusal.field("id_token").into());
    }
    let address = Counter::AddressFailures(from.0.clone());
    reject_locked(app, &address).await?;
    let identity = match Box::pin(app.providers.check(token, nonce, &app.clock)).await? {
        Ok(identity) => identity,
        Err((bad, identity)) => return Err(count_failure(app, &address, bad, identity).await?.into()),
    };
    reject_locked(app, &Counter::AccountFailures(identity.account())).await?;
    sign_in_as(app, &identity, device).await
}

/// Creates a session for the player of an identity; the first one creates the player.
pub async fn sign_in_as(app: &App, identity: &Identity, device: Device) -> Result<TokenPair, Fault> {
    let (account, device) = (&identity.account(), &device);
    until_committed::<_, Fault>("login", DECISION_ATTEMPTS, |_| {
        Box::pin(async move {
            match app.store.account_strong(account).await? {
                Some(player) => resume(app, &player, account, device.clone()).await,
                None => register(app, identity, account, device.clone()).await,
            }
        })
    })
    .await
}

/// Counts a failed check against the address, and against the account if the provider signed the token.
/// Returns the refusal to answer with; a subject that exceeds its limit gets a refusal of its own.
async fn count_failure(
    app: &App,
    address: &Counter,
    bad: BadIdentity,
    identity: Option<Identity>,
) -> Result<Refusal, Fault> {
    if bad.is_failure() {
        count_event(app, address).await?;
    }
    if let Some(identity) = identity.filter(|_| bad.authentic()) {
        count_event(app, &Counter::AccountFailures(identity.account())).await?;
    }
    Ok(bad.refusal())
}

/// Creates a session for the existing player of an account. Returns `None` if the player changed meanwhile.
async fn resume(
    app: &App,
    player: &PlayerId,
    account: &str,
    device: Device,
) -> Result<Option<TokenPair>, Fault> {
    let now = app.clock.now();
    let Some(status) = app.store.status_strong(player).await? else {
        let detail = "The player of this account was deleted.";
        return Err(Refusal::new(Code::PlayerNotFound, detail).into());
    };
    if status.banned(now) {
        count_event(app, &Counter::AccountFailures(account.to_owned())).await?;
        return Err(Refusal::new(Code::Banned, "This account is banned.").into());
    }
    let (session, secret) = new_session(app, player, status.epoch, device, now)?;
    let added = app.store.add_session(&session, now).await?;
    Ok(added.then(|| token_pair(app, &session, &secret, now)))
}

/// Creates the player of an account. Returns `None` if another device created it at the same time.
async fn register(
    app: &App,
    identity: &Identity,
    account: &str,
    device: Device,
) -> Result<Option<TokenPair>, Fault> {
    let now = app.clock.now();
    let display_name = identity.name.as_deref().unwrap_or_default();
    // The provider's name may break the rules for names; the player can change it later.
    let display_name = check_name("name", display_name).unwrap_or_else(|_| "Player".to_owned());
    let profile = Profile::new(PlayerId::random(random_bytes()?), display_name, now);
    let (session, secret) = new_session(app, &profile.player, profile.epoch, device, now)?;
    let added = app.store.add_account(account, &profile, &session).await?;
    Ok(added.then(|| token_pair(app, &session, &secret, now)))
}
