import { type Documents, documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import type { SnsStore } from '../messages/fauxqs-types.ts';

type Topic = ReturnType<SnsStore['createTopic']>;
type Subscription = NonNullable<ReturnType<SnsStore['getSubscription']>>;

/** What fauxqs tells of its topics. */
type TopicPersistence = Pick<
  NonNullable<SnsStore['persistence']>,
  | 'insertTopic'
  | 'deleteTopic'
  | 'updateTopicAttributes'
  | 'updateTopicSubscriptionArns'
  | 'insertSubscription'
  | 'deleteSubscription'
  | 'updateSubscriptionAttributes'
>;

interface TopicDocument extends Omit<Topic, 'tags'> {
  readonly tags: Record<string, string>;
}

/** Brings back the topics and subscriptions of a state, and keeps every change from then on. */
export function keepTopics(store: SnsStore, state: State): void {
  const topics = documents<TopicDocument>(state, 'sns-topics');
  const subscriptions = documents<Subscription>(state, 'sns-subscriptions');
  for (const [arn, topic] of topics.entries()) {
    store.topics.set(arn, { ...topic, tags: new Map(Object.entries(topic.tags)) });
  }
  for (const [arn, subscription] of subscriptions.entries()) store.subscriptions.set(arn, subscription);
  const persistence = persistenceOf(store, topics, subscriptions);
  store.persistence = persistence as unknown as NonNullable<SnsStore['persistence']>;
  const create = store.createTopic.bind(store);
  store.createTopic = (...details) => {
    const topic = create(...details);
    // A topic that exists takes over new attributes and tags, of which fauxqs tells nothing.
    persistence.insertTopic(topic);
    return topic;
  };
}

function persistenceOf(
  store: SnsStore,
  topics: Documents<TopicDocument>,
  subscriptions: Documents<Subscription>,
): TopicPersistence {
  const putTopic = (topic: Topic | undefined) => {
    if (topic !== undefined) topics.put(topic.arn, { ...topic, tags: Object.fromEntries(topic.tags) });
  };
  const putSubscription = (subscription: Subscription | undefined) => {
    if (subscription === undefined) return;
    const { parsedFilterPolicy: _cache, ...kept } = subscription;
    subscriptions.put(subscription.arn, kept);
  };
  return {
    insertTopic: putTopic,
    deleteTopic: topics.delete,
    updateTopicAttributes: (arn) => putTopic(store.getTopic(arn)),
    updateTopicSubscriptionArns: (arn) => putTopic(store.getTopic(arn)),
    insertSubscription: putSubscription,
    deleteSubscription: subscriptions.delete,
    updateSubscriptionAttributes: (arn) => putSubscription(store.getSubscription(arn)),
  };
}
