//! The certificate of a server that speaks TLS.

use std::path::PathBuf;

use clap::Args;
use hap_server::Tls;
use serde::Deserialize;

use crate::exit::Stop;

/// The arguments that say whether TLS is spoken.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsArgs {
    /// Speak TLS with this certificate (PEM), followed by those between it and its authority; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    #[serde(rename = "cert")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    #[serde(rename = "key")]
    tls_key: Option<PathBuf>,
}

impl TlsArgs {
    /// These, and where they say nothing those.
    pub(crate) fn over(&self, file: TlsArgs) -> TlsArgs {
        match self.tls_cert {
            Some(_) => self.clone(),
            None => file,
        }
    }

    /// Reads them, where they are given.
    pub(crate) fn read(&self) -> Result<Option<Tls>, Stop> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let read = Tls::from_files(certificate, key);
                read.map(Some).map_err(|error| {
                    let stop = Stop::bad_input(error.to_string());
                    stop.hint("`--tls-cert` and `--tls-key` are PEM files that belong together")
                })
            }
            (None, None) => Ok(None),
            _ => Err(Stop::bad_input("TLS needs both a certificate and its key")),
        }
    }
}
