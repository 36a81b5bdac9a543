"""Breaches of mails and of events that are due once."""

from tests.models.breaches.statements import breach, changed, copied

BREACHES = [
    breach("a mail to nobody known", "mails_recipient", changed("mails", "$mail", "recipient = 'NEIGHBOR'")),
    breach("a mail without an address", "mails_address", copied("mails", "$mail", address="", message_id="<1@test>")),
    breach("a mail in no known state", "mails_status", changed("mails", "$mail", "status = 'LOST'")),
    breach("fewer attempts than none", "mails_attempts", changed("mails", "$mail", "attempts = -1")),
    breach("one Message-ID twice", "mails_message_id_key", copied("mails", "$mail", template="other")),
    breach("one message to one person twice", "mails_once", copied("mails", "$mail", message_id="<1@test>")),
    breach("sent at no time", "mails_sent", changed("mails", "$mail", "status = 'SENT'")),
    breach("a time of sending of what was not sent", "mails_sent", changed("mails", "$mail", "sent_at = now()")),
    breach("a mail goes to another address", "mails_keep_identity",
           changed("mails", "$mail", "address = 'other@example.test'")),
    breach("a mail is given another Message-ID", "mails_keep_identity",
           changed("mails", "$mail", "message_id = '<1@test>'")),
    breach("a mail that was sent is sent again", "mails_keep_identity",
           changed("mails", "$mail", "status = 'SENT', sent_at = now()"),
           changed("mails", "$mail", "status = 'PENDING', sent_at = NULL")),
    breach("one reminder twice", "events_reminder_once", copied("events", "$reminder")),
]  # fmt: skip
