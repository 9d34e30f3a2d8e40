// What states, reasons and rules are called for people.

/** The channels in the order in which people see them. */
export const CHANNELS = ['email', 'push', 'sms', 'slack', 'in_app'];

/** The states of a delivery, in the order of its life. */
export const STATUSES = ['queued', 'held', 'retrying', 'sent', 'skipped', 'failed', 'cancelled', 'dead_lettered'];

export const REASONS = {
  address_gone: 'The provider no longer knows the address.',
  address_suppressed: 'Mail to this address came back, or was complained about.',
  attempts_exhausted: 'All of its attempts are used up.',
  cancelled: 'Its sender took it back.',
  channel_off: 'The recipient has switched this channel off.',
  device_handed_on: 'Another user has registered the device since.',
  expired: 'Its time had passed.',
  group_opted_out: 'The recipient has opted out of its category.',
  no_address: 'The recipient has no address here.',
  no_provider: 'No provider is set up for this channel.',
  not_subscribed: 'The recipient has left its topic, or the topic is gone.',
  not_yet_due: 'Its time has not come.',
  outcome_unknown: 'Nobody knows whether it was sent, and it was to be sent once at most.',
  paused: 'An operator has paused it.',
  provider_misconfigured: 'The provider does not accept our set-up.',
  provider_rejected: 'The provider refused it for good.',
  provider_unavailable: 'The provider could not take it.',
  quiet_hours: 'It is the recipient’s quiet hours.',
  rate_limited: 'Others come before it: the provider takes only so many a second.',
  received_too_often: 'Its message was given out too often, and no worker could finish it.',
  render_failed: 'Its template cannot be rendered.',
  too_long: 'It is longer than the provider accepts.',
  user_erased: 'The recipient was erased.',
  user_not_found: 'There is no such recipient.',
};

/** Why a recipient of a run gets no notification. */
export const LEFT_OUT = {
  user_not_found: 'There is no such user.',
  user_erased: 'The user was erased.',
  elsewhere: 'The user belongs to another organisation.',
  not_subscribed: 'The subscription has ended, or the topic is gone.',
};

export const RULES = {
  not_expired: 'In time',
  not_cancelled: 'Not cancelled',
  due: 'Due',
  user_exists: 'Recipient exists',
  subscribed: 'Subscribed',
  channel_on: 'Channel is on',
  group_in: 'Category is in',
  not_paused: 'Not paused',
  provider: 'Provider',
  address: 'Address',
  not_quiet: 'Not quiet hours',
  rendered: 'Rendered',
};

export const SAID = { pass: 'passed', stop: 'stopped here', waived: 'waived: it is critical' };
