//! A mail as it travels (RFC 5322): both forms of the text, and the headers that programs look at.

use kernel::{Fault, Mail, reasons};
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Address, MultiPart, SinglePart};

/// Whom mail comes from.
#[derive(Debug, Clone)]
pub struct Sender(Address);

impl Sender {
    /// An address, or a name and an address in angle brackets.
    ///
    /// # Errors
    /// `Invalid`, naming `mail.from`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let address = text.parse().map_err(|error| Fault::invalid("mail.from", format!("is no address: {error}")));
        address.map(Self)
    }

    /// The mail from this sender.
    ///
    /// # Errors
    /// `mail.refused` when it goes to what is no address.
    pub(crate) fn message(&self, mail: &Mail) -> Result<Message, Fault> {
        let to = recipient(mail)?;
        let part = |kind, text: &str| SinglePart::builder().header(kind).body(text.to_owned());
        let both = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.0.email.domain())))
            .from(self.0.clone())
            .to(to)
            .subject(&mail.subject)
            .raw_header(automatic)
            .multipart(both)
            .map_err(Fault::internal)
    }
}

/// Whom the mail goes to.
///
/// # Errors
/// `mail.refused` when that is no address.
pub(crate) fn recipient(mail: &Mail) -> Result<Address, Fault> {
    let address =
        mail.to.parse().map_err(|_| reasons::MAIL_REFUSED.fault().detail("It goes to what is no address."))?;
    let name = Some(mail.to_name.clone()).filter(|name| !name.is_empty());
    Ok(Address::new(name, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn mail() -> Mail {
        Mail {
            id: Uuid::nil(),
            to: "ada@example.org".to_owned(),
            to_name: "Ada \"the\" Löve, lace".to_owned(),
            subject: "Grüße\r\nBcc: bo@example.org".to_owned(),
            text: "ein Text".to_owned(),
            html: "<p>ein Text</p>".to_owned(),
        }
    }

    #[test]
    fn nothing_in_a_mail_adds_a_header_to_it() {
        let message = Sender::parse("Polity <polity@example.org>").unwrap().message(&mail()).unwrap();
        let formatted = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = formatted.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Message-ID: <00000000-0000-0000-0000-000000000000@example.org>\r\n"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated\r\n"), "{head}");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert_eq!(message.envelope().to().len(), 1);
    }

    #[test]
    fn sender_must_have_an_address() {
        assert!(Sender::parse("polity@example.org").is_ok());
        assert_eq!(Sender::parse("Polity").unwrap_err().fields[0].field, "mail.from");
    }
}
