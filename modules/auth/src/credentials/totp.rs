//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which is what every app
//! understands.
//!
//! What may not enter: which code was accepted before.

use kernel::{Fault, Ids, Time};
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

/// What an app and this installation share. Wiped from memory when dropped.
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// 20 bytes that nobody can guess (RFC 4226, section 4, requirement 6).
    pub(crate) fn new(ids: &dyn Ids) -> Self {
        Self(Zeroizing::new(ids.secret().into_iter().take(20).collect()))
    }

    /// The secret of these bytes.
    pub(crate) fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes, for sealing.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as people type it into an app that cannot see: base32 in groups of four.
    pub(crate) fn in_groups(&self) -> String {
        let text = Secret::from(self.0.to_vec()).to_base32();
        let groups: Vec<String> =
            text.chars().collect::<Vec<_>>().chunks(4).map(|four| four.iter().collect()).collect();
        groups.join(" ")
    }

    /// The `otpauth` address that apps read out of the picture.
    ///
    /// # Errors
    /// `Internal` when issuer or account cannot stand in such an address.
    pub(crate) fn address(&self, issuer: &str, account: &str) -> Result<String, Fault> {
        let totp = self.builder().with_issuer(Some(issuer)).with_account_name(account).build();
        totp.and_then(|totp| totp.to_url()).map_err(Fault::internal)
    }

    /// The time step of this code, if it is the code of now, of the step before or of the one after (clocks drift), and of
    /// a later step than `after`.
    ///
    /// # Errors
    /// `Internal` when the secret is too short to be one.
    pub(crate) fn step(&self, code: &str, now: Time, after: Option<i64>) -> Result<Option<i64>, Fault> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let totp: Totp = self.builder().build().map_err(Fault::internal)?;
        let step = totp.check(&code, u64::try_from(now.timestamp()).unwrap_or_default());
        let step = step.and_then(|step| i64::try_from(step).ok());
        Ok(step.filter(|step| after.is_none_or(|after| *step > after)))
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0.to_vec()).with_digits(6).with_skew(1).with_step_duration(30)
    }
}

/// The dark squares of the picture of `text`, as the path of an SVG on a field of so many squares, the quiet zone of four
/// included (ISO/IEC 18004).
///
/// # Errors
/// `Internal` when the text is longer than a picture can hold.
pub(crate) fn picture(text: &str) -> Result<(i32, String), Fault> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Fault::internal)?;
    let squares = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let path = squares.filter(|(x, y)| code.get_module(*x, *y)).map(|(x, y)| format!("M{} {}h1v1h-1z", x + 4, y + 4));
    Ok((code.size() + 8, path.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::SequentialIds;

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = TotpSecret::of(Zeroizing::new(b"12345678901234567890".to_vec()));
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(secret.step(code, at(seconds), None).unwrap(), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn code_of_a_neighbouring_step_fits_and_none_fits_twice() {
        let secret = TotpSecret::of(Zeroizing::new(b"12345678901234567890".to_vec()));
        let step = |seconds, after| secret.step("28 70 82", at(seconds), after).unwrap();
        assert_eq!([step(29, None), step(59, None), step(89, None)], [Some(1); 3]);
        assert_eq!([step(90, None), step(120, None)], [None; 2]);
        assert_eq!([step(59, Some(1)), step(59, Some(0))], [None, Some(1)]);
        for wrong in ["", "28708", "2870820", "abcdef", "２８７０８２", "-87082"] {
            assert_eq!(secret.step(wrong, at(59), None).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn secret_is_told_in_ways_that_apps_read() {
        let secret = TotpSecret::new(&SequentialIds::default());
        let (groups, address) = (secret.in_groups(), secret.address("polity.example", "ada@example.org").unwrap());
        assert_eq!((groups.len(), groups.split(' ').count()), (39, 8));
        assert!(address.starts_with("otpauth://totp/polity.example:"), "{address}");
        assert!(address.contains(&groups.replace(' ', "")), "{address}");
        let (size, path) = picture(&address).unwrap();
        assert!(size > 30 && path.starts_with("M4 4h1v1h-1z"), "the first corner is dark");
    }
}
