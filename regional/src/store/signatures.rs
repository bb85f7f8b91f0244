//! Used signatures: a signed request that must not be replayed is accepted once.

use super::Store;
use super::item::{n, new_item};
use super::keys::{Key, TTL, Table};
use super::write_op::WriteOp;
use crate::error::Error;
use shared::limits;
use shared::time::Time;

impl Store {
    /// Records the use of a signature. Returns false if it was used before. The row outlives the signature:
    /// afterwards the request is refused for its age.
    pub async fn use_signature(&self, signature: &str, now: Time) -> Result<bool, Error> {
        let expires = now + limits::SIGNATURE_AGE_MAX * 2;
        let item = new_item(&Key::UsedSignature(signature.to_owned()), [(TTL, n(expires.secs() + 1))]);
        let put = WriteOp::put(Table::Core, item).only_if("attribute_not_exists(pk)");
        Ok(self.commit("use_signature", vec![put]).await?.is_committed())
    }
}
