//! How somebody has shown who they are, and how long there is time to show more of it.

use chrono::TimeDelta;

/// How long a log-in waits for the second factor.
pub(crate) const CHALLENGE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// How long an authenticator app may take to show its first code.
pub(crate) const ENROLMENT_LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// What was shown in a log-in, in the words of RFC 8176.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amr {
    /// A password.
    Password,
    /// A password, and a code of an app or a recovery code: two factors.
    PasswordAndCode,
}

impl Amr {
    /// As it is kept.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::PasswordAndCode => "pwd otp mfa",
        }
    }

    /// As it was kept. What is not known, or was kept before there was more than a password, is that.
    pub(crate) fn read(text: Option<&str>) -> Self {
        if text == Some(Self::PasswordAndCode.text()) { Self::PasswordAndCode } else { Self::Password }
    }

    /// The words.
    pub(crate) fn words(self) -> Vec<String> {
        self.text().split(' ').map(str::to_owned).collect()
    }
}
