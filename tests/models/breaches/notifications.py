"""Breaches of mails, of the outbox's channels, and of events that are due once."""

from tests.models.breaches.statements import breach, changed, copied, emptied

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
    breach("a channel without a name", "outbox_channels_name", "INSERT INTO outbox_channels VALUES ('')"),
    breach("a channel goes, and what it has to tell", "outbox_channels_append_only", "DELETE FROM outbox_channels"),
    breach("a channel becomes another", "outbox_channels_append_only", "UPDATE outbox_channels SET name = 'FAX'"),
    breach("all channels go", "outbox_channels_append_only", emptied("outbox_channels")),
    breach("one reminder twice", "events_reminder_once", copied("events", "$reminder")),
]  # fmt: skip
