"""Words, sentence skeletons and question wordings of the `format` domain.

The last `HELD_OUT` wordings of every list of question wordings are kept from training.
"""

HELD_OUT = 2

NUMBERS = dict(enumerate("one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split(), start=1))
NUMBERS |= {15: "fifteen", 20: "twenty", 25: "twenty-five", 30: "thirty", 35: "thirty-five"}

# --- Topics -----------------------------------------------------------------------------------------------------------------

# Every topic is one word, so that a skeleton has the same number of words for all of them. `plural` ones take "are" and "they".
# Adjectives and verbs of a group fit all its topics. The first words of each group are also written in capital letters.
GROUPS: dict[str, dict[str, list[str]]] = {
    "place": {
        "plural": (
            "parks lakes hills gardens rivers forests villages mountains islands valleys castles harbors markets museums "
            "meadows beaches cities"
        ).split(),
        "single": [],
        "a": ["calm", "green", "lovely"],
        "b": ["quiet", "wide", "pretty"],
        "v": ["visit", "see"],
    },
    "animal": {
        "plural": (
            "cats dogs birds horses rabbits bears foxes ducks frogs owls sheep bees goats elephants mice turtles lions whales "
            "monkeys wolves"
        ).split(),
        "single": [],
        "a": ["clever", "sweet", "gentle"],
        "b": ["quick", "funny", "lively"],
        "v": ["watch", "draw"],
    },
    "season": {
        "plural": "clouds stars holidays rainbows sunsets weekends mornings evenings".split(),
        "single": "summer spring autumn rain snow sunshine wind daylight fog".split(),
        "a": ["special", "fresh", "lovely"],
        "b": ["important", "beautiful", "pleasant"],
        "v": ["enjoy", "welcome"],
    },
    "food": {
        "plural": "apples eggs carrots beans cookies pancakes noodles tomatoes nuts potatoes oranges berries".split(),
        "single": "bread rice soup cheese salad honey pasta butter cake".split(),
        "a": ["tasty", "good", "fresh"],
        "b": ["healthy", "cheap", "simple"],
        "v": ["eat", "try"],
    },
    "hobby": {
        "plural": "games puzzles walks picnics".split(),
        "single": (
            "music reading dancing singing cooking fishing drawing painting swimming camping knitting gardening chess football "
            "baking running"
        ).split(),
        "a": ["nice", "exciting", "relaxing"],
        "b": ["easy", "useful", "simple"],
        "v": ["enjoy", "try"],
    },
    "job": {
        "plural": (
            "nurses doctors teachers farmers cooks drivers bakers pilots sailors singers dentists builders painters librarians "
            "gardeners waiters plumbers coaches"
        ).split(),
        "single": [],
        "a": ["helpful", "kind", "busy"],
        "b": ["important", "careful", "friendly"],
        "v": ["meet", "thank"],
    },
    "object": {
        "plural": (
            "books lamps chairs boxes keys spoons clocks bags tables hats pencils candles mirrors blankets ladders cups phones "
            "baskets gloves wheels"
        ).split(),
        "single": [],
        "a": ["useful", "handy", "simple"],
        "b": ["cheap", "strong", "common"],
        "v": ["use", "buy"],
    },
}
UPPER_TOPICS = 4

# Ways to ask for a text about a topic, as orders and as questions.
ORDERS = [
    "Describe {t}",
    "Tell me about {t}",
    "Write something about {t}",
    "Say something about {t}",
    "Explain {t} to a child",
    "Write about {t}",
    "Tell a friend what you think of {t}",
    "Give your view of {t}",
    "Tell me what people like about {t}",
    "Write a short text about {t}",
    "Say a few things about {t}",
    "Tell us why {t} can be good",
    "Share your thoughts on {t}",
    "Give me a short note on {t}",
]
ASKS = [
    "What do you think of {t}?",
    "What can you say about {t}?",
    "Why do people like {t}?",
    "What is good about {t}?",
    "Do you like {t}?",
    "How would you describe {t}?",
    "What would you tell a child about {t}?",
    "What comes to your mind when you hear of {t}?",
    "Is there something good to say about {t}?",
]

# Small messages. Three cores of two, three and four words, then the orders that ask for them; {p} is a person or a shop.
MESSAGES: dict[str, tuple[list[str], list[str]]] = {
    "thank": (
        ["Thank you", "Thank you again", "Thank you very much"],
        ["Thank a {p}", "Write a note to thank a {p}", "Say thank you to a {p}", "Show a {p} that you are thankful"],
    ),
    "help": (
        ["Please help", "Please help me", "Please help me today"],
        ["Ask a {p} for help", "Write to a {p} and ask for help", "Get help from a {p}", "Tell a {p} that you need help"],
    ),
    "sorry": (
        ["So sorry", "I am sorry", "I am so sorry"],
        ["Say sorry to a {p}", "Write a note to a {p} that says sorry", "Tell a {p} you are sorry", "Apologize to a {p}"],
    ),
    "invite": (
        ["Please come", "Please come over", "Please come to dinner"],
        [
            "Invite a {p} to dinner",
            "Ask a {p} to come to dinner",
            "Write to a {p} about a dinner",
            "Call a {p} to dinner",
        ],
    ),
    "luck": (
        ["Good luck", "Good luck today", "I wish you luck"],
        [
            "Wish a {p} good luck",
            "Write a note to wish a {p} luck",
            "Say good luck to a {p}",
            "Give a {p} your best wishes",
        ],
    ),
    "morning": (
        ["Good morning", "A good morning", "A very good morning"],
        ["Greet a {p} in the morning", "Say good morning to a {p}", "Wish a {p} a good morning", "Greet a {p} at breakfast"],
    ),
    "praise": (
        ["Great work", "What great work", "That was great work"],
        ["Praise a {p} for great work", "Tell a {p} that the work is great", "Praise a {p}", "Give a {p} some praise"],
    ),
    "bye": (
        ["Take care", "Please take care", "Goodbye and take care"],
        ["Say goodbye to a {p}", "Write a goodbye note to a {p}", "Tell a {p} to take care", "Part from a {p} with kind words"],
    ),
    "birthday": (
        ["Happy birthday", "A happy birthday", "A very happy birthday"],
        [
            "Wish a {p} a happy birthday",
            "Write a birthday card to a {p}",
            "Say happy birthday to a {p}",
            "Greet a {p} who turns 20",
        ],
    ),
    "sign": (
        ["Welcome inside", "Enjoy our {p}", "The {p} is open"],
        ["Write a sign for a {p}", "Make a sign for the door of a {p}", "Think of a sign for a {p}", "Put up a sign at a {p}"],
    ),
}
PERSONS = "friend teacher neighbor nurse driver doctor coach cousin brother sister guest farmer pilot student".split()
SHOPS = "bakery cafe market farm garden school hotel library museum kitchen station pool".split()

# --- Answers ----------------------------------------------------------------------------------------------------------------

# Skeletons for an exact number of words, two a number; one field is one word.
SKELETONS = [
    "{T} {matter}.",
    "{T} {are} {a}.",
    "I {v} {t}.",
    "{T} {are} very {a}.",
    "Many people {v} {t}.",
    "{T} {are} {a} and {b}.",
    "I {v} {t} a lot.",
    "{T} {are} both {a} and {b}.",
    "Most people want to {v} {t}.",
    "{T} {are} {a}, and I {v} {them}.",
    "I {v} {t} because {they} {are} {a}.",
    "{T} {are} very {a}, and people {v} {them}.",
    "Many people {v} {t} because {they} {are} {a}.",
    "{T} {are} {a} and {b}, and people {v} {them}.",
    "Many people {v} {t} because {they} {are} so {a}.",
    "{T} {are} {a} and {b}, and many people {v} {them}.",
    "Most people {v} {t} because {they} {are} {a} and {b}.",
    "{T} {are} very {a} and {b}, and many people {v} {them}.",
    "I {v} {t} a lot because {they} {are} {a} and {b}.",
    "{T} {are} {a} and {b}, and most people want to {v} {them}.",
    "I want to {v} {t} because {they} {are} {a} and very {b}.",
    "{T} {are} very {a} and {b}, and most people want to {v} {them}.",
    "People all over the world {v} {t} because {they} {are} {a} and {b}.",
    "{T} {are} very {a} and very {b}, and most people want to {v} {them}.",
    "People all over the world {v} {t} because {they} {are} {a} and very {b}.",
]
LEADS = ["Well,", "You see,"]

# The second sentence of a message, by its number of words.
TAILS = [
    "",
    "Have fun today.",
    "Have a nice day.",
    "We can talk again tomorrow.",
    "I hope you are doing well.",
    "I hope you have a good day.",
    "I hope that you have a good day.",
    "I hope that you have a very good day.",
    "I hope that you and your family are doing well.",
]

# Sentences by their place in a text: each place has its own, so that a writer always knows how many are done.
OPENINGS = ["{T} {are} {a} and {b}.", "{T} {are} very {a}.", "I {v} {t} a lot."]
PLACES = [
    ["Many people {v} {them}.", "My friends {v} {them} too."],
    ["{They} {make} me happy.", "I never get tired of {them}."],
    ["What do you think?", "I hope you agree."],
]
MESSAGE_PLACES = [
    ["I think of you often.", "You are very kind."],
    ["We can talk again tomorrow.", "I will call you later."],
    ["Have a nice day.", "Give my best to your family."],
]
MORE = [
    "There is much more to say.",
    "My family says the same thing.",
    "Everyone I know has a story to tell.",
    "That is why I tell you all this.",
    "You should know this as well.",
    "In the end it is up to you.",
]

# All in capitals: few words, as these are rare tokens.
UPPER = ["{T} {are} VERY GOOD.", "PEOPLE LIKE {T}.", "{T} {are} GREAT."]
UPPER_NO_TOPIC = ["THIS IS VERY GOOD.", "PEOPLE LIKE THIS.", "THIS IS GREAT."]

# Items of a list, two for each place.
BULLETS: dict[str, str] = {
    "place": (
        "fresh air|clean air, quiet paths|wide paths, old trees|big trees, "
        "kind people|nice people, good food|good views, long walks|happy days"
    ),
    "animal": (
        "bright eyes|big eyes, quick legs|strong legs, funny sounds|soft sounds, "
        "sweet babies|small babies, a good nose|good ears, a warm home|a safe home"
    ),
    "season": (
        "a big sky|a clear sky, fresh colors|bright colors, time outside|time at home, "
        "games with friends|walks with friends, good sleep|long sleep, warm clothes|new clothes"
    ),
    "food": (
        "a good taste|a sweet taste, a nice smell|a fresh smell, a low price|a fair price, "
        "easy to cook|easy to buy, a full plate|a full bowl, a happy family|a happy guest"
    ),
    "hobby": (
        "a lot of fun|a bit of fun, new friends|old friends, a calm mind|a clear mind, "
        "useful skills|new skills, time to rest|time to play, a good mood|a big smile"
    ),
    "job": (
        "hard work|good work, clever hands|strong hands, kind words|clear words, "
        "long days|early days, many guests|many friends, fair pay|good pay"
    ),
    "object": (
        "easy to use|easy to find, a low price|a fair price, a nice color|a bright color, "
        "strong parts|simple parts, a long life|a safe life, good for gifts|good for work"
    ),
}

# Members of a category, two for each place in the list. First members are no topics, which keeps the two styles apart.
CATEGORIES: dict[str, str] = {
    "colors": "red pink blue white green black yellow gray brown purple orange gold silver beige",
    "vegetables": "peas onion carrot potato bean corn tomato leek cabbage beet pepper garlic pumpkin radish",
    "farm animals": "cow hen pig horse sheep goat duck goose donkey rabbit dog cat turkey pony",
    "wild animals": "bear fox lion tiger wolf deer monkey zebra elephant camel snake panda whale seal",
    "birds": "robin crow eagle owl duck goose swan dove parrot gull hawk stork penguin sparrow",
    "trees": "oak pine birch maple ash elm willow cedar beech palm poplar fir cherry apple",
    "flowers": "rose lily tulip daisy violet iris poppy orchid pansy aster lilac peony crocus jasmine",
    "drinks": "water milk juice coffee cocoa cola lemonade soda cider punch beer wine smoothie shake",
    "tools": "hammer saw drill ax nail screw rake shovel pliers wrench file brush ladder knife",
    "sports": "tennis golf football hockey rugby boxing rowing skiing running cycling judo sailing surfing diving",
    "clothes": "shirt coat hat sock shoe boot skirt dress scarf glove jacket belt sweater vest",
    "rooms": "kitchen bedroom bathroom hall attic cellar office garage nursery study library pantry lobby lounge",
    "jobs": "cook nurse baker farmer doctor pilot teacher driver singer painter judge sailor builder waiter",
    "body parts": "arm leg hand foot head nose ear eye knee elbow back neck toe finger",
    "desserts": "pie tart cake pudding cookie waffle jelly muffin cream mousse crumble sorbet brownie donut",
    "buildings": "house school church tower castle barn hotel shop station mill library bank museum theater",
    "vehicles": "car bus train tram bike truck boat ship plane taxi van ferry scooter rocket",
    "kitchen things": "pot pan cup bowl plate spoon fork knife glass kettle jar oven stove sink",
    "school things": "pen ruler book paper pencil desk chalk map bag board chair glue eraser notebook",
    "toys": "doll kite ball puzzle train block robot drum car teddy yo-yo bucket top whistle",
    "feelings": "joy hope fear anger love pride calm shame envy grief trust relief worry surprise",
    "insects": "ant bee fly moth wasp beetle cricket gnat hornet flea locust termite ladybug butterfly",
    "furniture": "sofa desk table chair bed shelf lamp bench stool couch cupboard mirror drawer cabinet",
    "family members": "mother father sister brother aunt uncle cousin niece nephew grandma grandpa son daughter twin",
}

# What a JSON object describes, the keys that may be asked for together, and values.
JSON_GROUPS: list[tuple[str, list[str], dict[str, list[str | int]]]] = [
    (
        "friend teacher cook neighbor singer sailor nurse doctor farmer dancer student guest",
        ["name, age", "name, job, city", "age, hobby, mood", "name, age, pet, drink"],
        {
            "name": ["Anna", "Tom", "Mia"],
            "age": [20, 30, 40],
            "job": ["cook", "nurse"],
            "city": ["Rome", "Paris"],
            "hobby": ["chess", "music"],
            "mood": ["happy", "calm"],
            "pet": ["cat", "dog"],
            "drink": ["milk", "water"],
        },
    ),
    (
        "bag lamp chair table clock hat toy box coat boat shirt cup",
        ["color, size", "price, weight", "color, shape, owner", "size, price, year, state"],
        {
            "color": ["red", "blue", "green"],
            "size": ["small", "big"],
            "price": [5, 10, 20],
            "weight": [1, 2, 3],
            "shape": ["round", "square"],
            "owner": ["Anna", "Tom"],
            "year": [2010, 2020],
            "state": ["new", "old"],
        },
    ),
    (
        "trip party lesson meeting game concert dinner race visit walk class show",
        ["day, time", "day, place, food", "host, guests, music", "month, day, time, length"],
        {
            "day": ["Monday", "Friday", "Sunday"],
            "time": ["noon", "evening"],
            "month": ["May", "June"],
            "host": ["Anna", "Tom"],
            "guests": [5, 10, 20],
            "music": ["piano", "drums"],
            "food": ["soup", "cake"],
            "place": ["park", "school"],
            "length": [1, 2, 3],
        },
    ),
]

# Words that must or must not appear: nouns that need no article, and adjectives.
NOUNS = "music bread water light snow money gold paper sugar wood glass sand fire smoke rain wind hope joy silver honey".split()
ADJECTIVES = "famous modern ancient golden honest perfect tiny noisy wonderful strange".split()

CONTAIN_NOUN = ["{T} {make} me think of {w}.", "I like {t} and {w}.", "{T} and {w} go well together."]
CONTAIN_ADJECTIVE = ["{T} {are} {w} and {a}.", "Some people say that {t} {are} {w}.", "{T} can be very {w}."]
CONTAIN_MESSAGE = ["I will bring {w}.", "I think of {w}."]

# Closing and opening phrases. Few: a model of this size learns to use phrases that it knows, not to copy any.
ENDINGS = [
    "Have a nice day.",
    "Thanks for reading.",
    "That is my answer.",
    "Keep on smiling!",
    "This is all for today.",
    "What a wonderful world!",
    "Enjoy the music!",
    "We will talk again tomorrow.",
    "Best wishes from Anna",
    "Do you agree?",
]
BEGINNINGS = [
    "On a sunny day,",
    "To be honest,",
    "In my town,",
    "As my mother says,",
    "For many people,",
    "Without doubt,",
    "After lunch,",
    "Once a week,",
    "Listen, friends:",
    "My view is simple:",
]

# --- Questions --------------------------------------------------------------------------------------------------------------

# {I}: an order, {i}: the same in lower case, {S}: a whole sentence, order or question; {n}: a number as digits or word.
WORDINGS: dict[str, list[str]] = {
    "word_count": [
        "{I} in exactly {n} words.",
        "{I} in {n} words.",
        "In {n} words, {i}.",
        "{S} Your whole answer must be {n} words long.",
        "{S} Use exactly {n} words.",
        "Use {n} words, no more and no fewer, to do this: {i}.",
        "{S} I want a reply of {n} words.",
        "Write {n} words and not one more. {S}",
        "{I}, and make it exactly {n} words long.",
        "{S} The answer should have {n} words in all.",
        "Your answer has to count {n} words. {S}",
        "Please {i} with exactly {n} words.",
        "{S} Count your words: there must be {n} of them.",
        "{S} Only a text of {n} words is right.",
        "Exactly {n} words, please: {i}.",
    ],
    "max_words": [
        "{I} in at most {n} words.",
        "{S} Use at most {n} words.",
        "{I} with no more than {n} words.",
        "{S} Do not write more than {n} words.",
        "In {n} words or fewer, {i}.",
        "{S} Your whole answer may have {n} words at most.",
        "Keep it under or at {n} words. {S}",
        "{I}, but keep it to {n} words or less.",
        "You may use up to {n} words. {S}",
        "{S} The limit is {n} words.",
        "Please {i}, and stop before you pass {n} words.",
        "No more than {n} words for this: {i}.",
        "{S} There is only room for {n} words.",
        "With {n} words as the upper limit, {i}.",
    ],
    "all_lowercase": [
        "{I} in lowercase only.",
        "{S} Use only lowercase letters.",
        "{S} Your whole answer must be in lowercase.",
        "{I} without capital letters.",
        "In small letters only, {i}.",
        "{S} Do not use any capital letters.",
        "Write everything in lowercase. {S}",
        "{I}, with all letters in lowercase.",
        "{S} No capital letter may appear in the reply.",
        "Use no uppercase letters at all. {S}",
        "Please {i}, all in small letters.",
        "{S} I want to see lowercase letters and nothing else.",
        "{S} Each letter of your text has to be a small one.",
        "Without a single uppercase letter, {i}.",
    ],
    "all_uppercase": [
        "{I} in capital letters only.",
        "{S} Use only capital letters.",
        "{S} Your whole answer must be in uppercase.",
        "{I} in all caps.",
        "In capital letters, {i}.",
        "{S} Do not use any lowercase letters.",
        "Write everything in uppercase. {S}",
        "{I}, with all letters in capitals.",
        "{S} No small letter may appear in the reply.",
        "Use uppercase from the first letter to the last. {S}",
        "Please {i}, all in capital letters.",
        "{S} I want to see capital letters and nothing else.",
        "{S} Each letter of your text has to be a capital.",
        "Without a single lowercase letter, {i}.",
    ],
    "bullet_count": [
        "{I} as a list of {n} bullet points.",
        "{S} Use exactly {n} bullets.",
        "{S} Your answer must have {n} bullet points.",
        "In {n} bullet points, {i}.",
        "Write a list with {n} bullets. {S}",
        "{I}, in the form of {n} bullet points.",
        "{S} I want a list with {n} points, one on each line.",
        "{S} Make it a list of exactly {n} bullets.",
        "Use {n} bullets for this: {i}.",
        "{S} The list should have {n} lines with a bullet.",
        "Please {i} in exactly {n} bullet points.",
        "{S} Put {n} bullets under each other.",
        "A list of {n} bullets is needed here. {S}",
    ],
    "json_keys": [
        "Describe a {s} as a JSON object with the keys {k}.",
        "Write a JSON object about a {s}. The keys must be {k}.",
        "Give me a JSON object for a {s} with exactly these keys: {k}.",
        "Use the keys {k} to describe a {s} in JSON.",
        "Invent a {s} and answer in JSON with the keys {k}.",
        "I need a {s} as JSON. Use {k} as the keys.",
        "Make up a {s}. Your whole answer must be JSON with the keys {k}.",
        "With the keys {k}, write a JSON object for any {s} you like.",
        "Answer in JSON only, with the keys {k}. Describe a {s}.",
        "Think of a {s} and fill in a JSON object. Its keys are {k}, and there are no others.",
        "Please return JSON for a {s}, keys: {k}.",
        "Show a {s} as one JSON object that has {k} as its only keys.",
        "My program reads JSON with the keys {k}. Send it a {s}.",
    ],
    "ends_with": [
        '{S} End your answer with "{w}"',
        '{I} and end with the words "{w}"',
        "{S} The last words of your answer must be: {w}",
        '{S} Finish with exactly this: "{w}"',
        'Your answer must end with "{w}" {S}',
        '{S} Close your text with the words "{w}"',
        'End with "{w}" when you {i}.',
        "{S} At the very end, write: {w}",
        '{I}. Let "{w}" be the end of your answer.',
        'Use "{w}" as your last words. {S}',
        "Please {i} and stop after these words: {w}",
        '{S} I want the reply to finish on "{w}"',
        'Put "{w}" at the end of your text. {S}',
    ],
    "starts_with": [
        '{S} Start your answer with "{w}"',
        '{I} and start with the words "{w}"',
        "{S} The first words of your answer must be: {w}",
        '{S} Begin with exactly this: "{w}"',
        'Your answer must start with "{w}" {S}',
        '{S} Open your text with the words "{w}"',
        'Begin with "{w}" when you {i}.',
        "{S} At the very start, write: {w}",
        '{I}. Let "{w}" be the start of your answer.',
        'Use "{w}" as your first words. {S}',
        "Please {i} in a text that begins like this: {w}",
        '{S} I want the reply to open with "{w}"',
        'Put "{w}" at the start of your text. {S}',
    ],
    "contains": [
        '{S} Use the word "{w}".',
        '{I} with the word "{w}" in it.',
        '{S} Your answer must contain the word "{w}".',
        'Use the word "{w}" when you {i}.',
        '{S} The word "{w}" has to appear.',
        "{S} Include the word {w}.",
        '{I}, and be sure to write "{w}" somewhere.',
        'With the word "{w}", {i}.',
        'Put the word "{w}" in your text. {S}',
        "{S} Do not forget to use the word {w}.",
        'Please {i} and say "{w}" at least once.',
        '{S} I want to read the word "{w}" in the reply.',
        'One word must not be missing: "{w}". {S}',
    ],
    "excludes": [
        '{S} Do not use the word "{w}".',
        '{I} without the word "{w}".',
        '{S} Your answer must not contain the word "{w}".',
        'Avoid the word "{w}" when you {i}.',
        '{S} The word "{w}" may not appear.',
        "{S} Leave out the word {w}.",
        '{I}, but never say "{w}".',
        'Without saying "{w}", {i}.',
        'Keep the word "{w}" out of your text. {S}',
        "{S} Please avoid the word {w}.",
        'Please {i} and do not write "{w}".',
        '{S} I do not want to read the word "{w}" in the reply.',
        'One word is not allowed: "{w}". {S}',
    ],
    "sentence_count": [
        "{I} in exactly {n} sentence{s}.",
        "{I} in {n} sentence{s}.",
        "In {n} sentence{s}, {i}.",
        "{S} Your whole answer must be {n} sentence{s} long.",
        "{S} Use exactly {n} sentence{s}.",
        "{S} I want a reply of {n} sentence{s}.",
        "Write {n} sentence{s} and not more. {S}",
        "{I}, and make it {n} sentence{s} long.",
        "{S} The answer should have {n} sentence{s} in all.",
        "Please {i} with exactly {n} sentence{s}.",
        "{S} Answer with {n} full sentence{s}.",
        "{S} Only a text of {n} sentence{s} is right.",
        "Exactly {n} sentence{s}, please: {i}.",
    ],
    "comma_separated": [
        "Name {n} {c}, separated by commas.",
        "List {n} {c} with commas between them.",
        "Give me {n} {c} on one line, with commas.",
        "Write down {n} {c}. Use commas and no other words.",
        "Which {n} {c} can you name? Answer with a list that has commas.",
        "I need {n} {c}. Put commas between them.",
        "Your whole answer must be {n} {c} with commas.",
        "Use only commas between the items and name exactly {n} {c}.",
        "Please list exactly {n} {c}, split by commas.",
        "Think of {n} {c} and write them in one line, a comma after each but the last.",
        "Tell me {n} {c}, just the words with commas.",
        "A list with commas, please: {n} {c}.",
        "With commas in between, write the names of {n} {c}.",
    ],
}
BULLET_ORDERS = [
    "Name {n} good things about {t}",
    "List {n} things people like about {t}",
    "Tell me {n} good points of {t}",
    "Give me {n} ideas that go with {t}",
    "Write down what goes with {t}",
    "Say what is good about {t}",
    "Describe {t}",
    "Collect some ideas about {t}",
    "Note {n} things that fit {t}",
    "Write what you know about {t}",
]
BULLET_ASKS = [
    "What is good about {t}?",
    "Why do people like {t}?",
    "Which {n} things go with {t}?",
    "What makes {t} good?",
    "What belongs to {t}?",
]
MARKERS = ['Mark each bullet with "{m} ".', 'Begin each bullet with "{m} ".', 'Use "{m} " in front of each point.']

# Harmless words before a question.
CONTEXTS = [
    "Hello!",
    "I have a small task for you.",
    "This is for my {x}.",
    "Here is a short test for you.",
    "I am writing a small book for my {x}, and every page needs one short text that is easy to read.",
    "We play a game at home tonight, and each of us has to follow one rule. Now it is your turn.",
    "My {x} loves short texts and reads a new one every morning before breakfast, so please follow the rule below.",
    "I want to learn how to follow rules in a text. Show me how you would do it, and keep it simple.",
    "There is a wall in our kitchen where my {x} puts up small texts that we all like. Today we need a new one.",
    "My {x} and I have a bet about you: I say that you can follow a simple rule, and nobody here believes me.",
    "Last night my {x} asked me for a new text.",
    "Please read the rule with care.",
]
KIN = "class mother father sister brother family team uncle aunt friend school club".split()
