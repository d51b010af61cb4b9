"""Words, request wordings and sentence tables of the story domain.

Slots of the requests: `{a}` "a lazy baker", `{h}` "baker", `{at}` "in a dark forest", `{to}` "a dark forest", `{o}` "a red
key", `{s}` and `{p}` the hero's pronouns ("she", "her"), `{t}` a theme, `{q}` a quality of the place, `{x}` the opening to go
on from.

Slots of the stories: `{a}`, `{h}`, `{at}`, `{to}` as above, `{b}` "the baker" or "I", `{s}` `{m}` `{p}` "she", "her", "her",
`{T}` "they" or "we", `{f}` and `{F}` the helper at first and later ("a small mouse", "the mouse"), `{o}` `{k}` `{w}` the
object ("a red key", "the key", "red key"), `{d}` some food, `{i}` a hiding place, `{n}` a number.
A sentence that starts with a slot gets its capital letter when it is filled in.
"""

from __future__ import annotations


def _rows(text: str) -> list[list[str]]:
    """The lines of a table, each cut at its bars."""
    return [line.strip().split(" | ") for line in text.strip().splitlines()]


def _all(text: str) -> list[str]:
    """The cells of a table in one list."""
    return [cell for row in _rows(text) for cell in row]


HEROES: dict[str, tuple[str, str, str]] = {
    hero: pronouns
    for pronouns, heroes in {
        (
            "he",
            "him",
            "his",
        ): "king prince farmer sailor tailor fisherman miller soldier cook postman shepherd clown thief pirate knight boy "
        "grandfather father uncle brother fox bear wolf lion donkey frog horse dragon wizard giant troll dwarf pig monkey",
        (
            "she",
            "her",
            "her",
        ): "queen princess baker nurse teacher painter gardener doctor singer dancer pilot girl grandmother mother aunt "
        "sister cat mouse owl hen duck bee rabbit goat crow turtle witch fairy mermaid elephant",
        ("it", "it", "its"): "robot ghost snail dog",
    }.items()
    for hero in heroes.split()
}
PLACES: dict[str, str] = {
    place: preposition
    for preposition, places in {
        "in": "forest village castle garden kitchen barn library tower cave desert harbor museum theater park hospital mill "
        "swamp meadow valley city cellar attic palace temple jungle field orchard hut tent shop church tunnel",
        "on": "island hill mountain beach farm ship train roof moon",
        "at": "market school station zoo inn circus",
        "by": "river lake well bridge",
    }.items()
    for place in places.split()
}
OBJECTS = (
    "key lamp map hat coat ring drum bell book letter clock cup spoon flute kite coin rope basket mirror shoe blanket candle "
    "umbrella feather stone seed box bag crown ladder button pearl doll ball cake egg bottle broom scarf apple whistle pot"
).split()
HELPERS = "mouse bird man woman cat dog fox frog owl child stranger snail crow horse fairy bee spider goat boy girl".split()

HERO_WORDS = "young old small tall lazy shy clever kind poor proud quiet tired hungry brave".split()
PLACE_WORDS = "dark quiet old big small cold empty strange busy".split()
OBJECT_WORDS = "old red blue green tiny golden magic strange big white".split()
HELPER_WORDS = "small kind old strange wet gray little friendly".split()
FOODS = "bread soup cake cheese milk honey".split()
NUMBERS = "two three four five seven ten".split()
SPOTS = [
    *("under a stone", "behind a door", "in a tree", "in the grass", "near the wall", "in the mud"),
    *("under the snow", "in a dark corner", "under a chair", "next to the road"),
]

# Harmless words around a request: before it and after it.
CONTEXTS = [
    "It is raining, and we have nothing to do.",
    "My little son asks for something new every night.",
    "I am on a long bus ride.",
    "We had a very long day.",
    "My class likes to read aloud on Friday.",
    "I have an idea for you.",
    "My sister is sick in bed and feels bored.",
    "I need some help with my homework.",
    "Our reading group meets tonight.",
    "I am learning English and like easy texts.",
]
TAILS = [
    *("Keep it short.", "Use simple words.", "A few sentences are enough.", "Please do not make it too long.", "Be creative."),
    *("Write it for small children.", "No more than five sentences, please.", "Surprise me.", "You can choose the rest."),
    *("I do not need a title.", "Make it easy to read aloud.", "Thank you!"),
]

# The last two wordings of every kind are never trained on.
WORDINGS: dict[str, list[str]] = {
    "tale": [
        "Tell me a story about {a} {at}.",
        "Write a short story about {a} who lives {at}.",
        "Tell a tale of {a} {at}.",
        "I want to hear about {a} {at}.",
        "Can you write a little story? The hero is {a}, and the place is {to}.",
        "Please make up a story that happens {at}. It should be about {a}.",
        "{a} wakes up {at} and does not know why. Tell what happens next.",
        "What happens when {a} comes to {to}? Tell me in a few sentences.",
        "Here is an idea: {a} spends one long night {at}. Write the story.",
        "{at}, {a} has a very strange day. Describe it as a short story.",
        "Short story, please. Hero: {a}. Place: {to}.",
        "Story: {a} {at}.",
        "A tale, please: {a} {at}.",
        "My friends and I are sitting around a fire, and everybody has to tell something new. I have no idea what to say, so "
        "please give me a short story in which {a} comes to {to}.",
        "Imagine {a} {at}. What does {s} see, whom does {s} meet, and how does the day end? Answer with a story.",
        "Compose a small story set {at}, and let the main character be {a}.",
        "The children in my school have painted a picture of {a} {at}. They would like to know what is going on in the "
        "picture, and they all want to hear a story about it before they go home today. Please write one.",
        "Turn this into a story: {a} moves to {to}.",
        "Nobody has ever told a story about {a} {at}. Would you try?",
        "Think of {to}. Now think of {a} who has just arrived there. Narrate what comes next.",
    ],
    "object": [
        "Tell me a story about {a} and {o}.",
        "Write a short story in which {a} finds {o}.",
        "{a} has {o}. Tell what happens.",
        "Make up a story with {a} and {o} in it.",
        "A tale of {a} and {o}.",
        "I would like to read something about {a} who owns {o}.",
        "What does {a} do with {o}? Answer with a little story.",
        "Two things must be in the story: {a} and {o}.",
        "Please write about {o} and about {a} who needs it badly.",
        "On my desk there is a small picture of {o}, and next to it there is a picture of {a}. I look at them every morning "
        "and ask what they have to do with each other. Give me a short story that explains it.",
        "Create a tale around {o}. The main character is {a}.",
        "How did {a} come to have {o}? Invent a story about it.",
        "Could you put {a} and {o} into one short tale?",
    ],
    "three": [
        "Tell me a story about {a}, {o} and {to}.",
        "Write a story set {at} in which {a} has {o}.",
        "{a} carries {o} and comes to {to}. Tell the story.",
        "Use these three in a short story: {a}, {to}, {o}.",
        "Please invent a story that takes place {at}, with {a} and {o}.",
        "There is {o} {at}, and {a} knows about it. What happens? Tell me.",
        "We are playing a game with cards. I have drawn three of them, and they show {a}, {o} and {to}. Now I have to tell a "
        "story with all three, but I can think of nothing. Please do it for me.",
        "Give me a few lines about {a} {at}. Somewhere {o} should appear.",
        "Which story can you tell with {o}, {a} and {to} in it?",
        "Place: {to}. Character: {a}. Thing: {o}. Begin!",
    ],
    "continue": [
        "Continue this story: {x}",
        "{x} Go on from here.",
        'My story begins like this: "{x}" Please write the next sentences.',
        "{x} What happens then?",
        'Finish the story that starts with "{x}"',
        "This is the first sentence of my book: {x} Help me with the rest.",
        "{x} Continue this tale and give it an ending.",
        "I have written one sentence and now I do not know how to go on, although I have been sitting here with a cup of tea "
        "for an hour. Here it is: {x} Can you tell me the rest?",
        "Read this opening and add to it: {x}",
        '"{x}" Take over and tell us the end.',
        "How does it go on? {x}",
    ],
    "bedtime": [
        "Tell me a bedtime story about {a} {at}.",
        "Write a bedtime story with {a} who lives {at}.",
        "Bedtime story: {a} {at}.",
        "My daughter cannot sleep. Tell her about {a} {at}.",
        "Please make up a good night story. It is about {a} {at}.",
        "It is late and the lights are out. A calm story about {a} {at} would be nice.",
        "For a small child who is going to bed: a gentle tale of {a} {at}.",
        "Every evening I sit next to the bed of my two boys and tell them something. Tonight they asked for {a} {at}, and I "
        "am too tired to think. Write something soft that helps them fall asleep.",
        "Can I have a sleepy story about {a} {at}?",
        "{a} {at} is getting ready for bed. Tell it as a story for the night.",
        "One last story before we sleep, about {a} {at}, please.",
    ],
    "fable": [
        "Write a fable about {t} with {a} {at}.",
        "Tell a fable set {at}. The hero is {a} and the lesson is {t}.",
        "I need a fable that teaches {t}. Let {a} {at} be the hero.",
        "Make up a short fable: {a}, {to}, and something to learn about {t}.",
        "What could {a} {at} teach us about {t}? Tell a fable.",
        "Show in a little story what {t} means. It is about {a} {at}.",
        "Next week our class will talk about {t}, and every pupil has to bring a fable. I would like mine to be about {a} "
        "{at}. Please write it for me and say the lesson at the end.",
        "{a} {at} learns something about {t}. Tell it as a fable.",
        "A story with a lesson, please: {t}. Characters: {a} {at} and a friend.",
        "Can {a} {at} help us to understand {t}? Answer with a fable.",
    ],
    "scene": [
        "Write a scene with {a} {at}.",
        "Describe a dark scene: {a} is alone {at}.",
        "Set a scene {at}. {a} hears something strange.",
        "The curtain opens, and we see {a} {at}. Write the scene.",
        "Write the first scene of a mystery with {a} {at}.",
        "Something is wrong {at}, and only {a} knows it. Describe the scene.",
        "I am writing a film about {a}. In the first minute nobody speaks, and we only see and hear what is going on {at}. "
        "Please write down this scene for me, with a lot of suspense and an open end.",
        "Let me feel the fear of {a} {at}, in one short scene.",
        "Begin a mystery novel {at} with {a} as the main character.",
        "Night falls, and {a} is still {at}. Make a scene out of it.",
    ],
    "dialogue": [
        "Write a dialogue between {a} and a stranger {at}.",
        "Dialogue: {a} and somebody {at}.",
        "{a} talks to somebody {at}. Write what they say.",
        "Let me listen to a talk of {a} with someone {at}.",
        "Create a short dialogue {at}. One of the speakers is {a}.",
        "What would {a} say to a new friend {at}? Write it as a dialogue.",
        "I need a conversation for a play: {a} meets somebody {at}.",
        "For our school play we are looking for a very short part with two people who talk to each other. One of them is {a}, "
        "and they meet {at}. Please write down their words, and use simple English.",
        "Two voices {at}: one is that of {a}. What do they say?",
        "Somebody asks {a} {at} a question. Show only their talk.",
        "Give us a few spoken lines of {a} and another person {at}.",
    ],
    "diary": [
        "Write a diary entry of {a} {at}.",
        "Draft one page of the diary that {a} keeps {at}.",
        "What did {a} write in {p} diary after a day {at}?",
        "Dear diary: write as {a} {at}.",
        "Imagine you keep a diary. You are {a} and live {at}. What do you write today?",
        "{a} {at} opens {p} diary. Tell me what {s} writes.",
        "I found an old diary in a box, and it belongs to {a}. Most of the pages are wet, but one of them is about a day "
        "{at}, and it can still be read. What does it say?",
        "A page of a diary, please. It was written {at} by {a}.",
        "Let {a} tell {p} diary about a day {at}.",
    ],
    "myth": [
        "Tell a myth about {a} and why {to} is so {q}.",
        "Why is {to} {q}? Myth with {a}.",
        "Why is {to} {q}? Invent a myth with {a}.",
        "Write an old legend in which {a} makes {to} {q}.",
        "People say that {to} is {q} because of {a}. Tell the legend.",
        "I need a myth: {to} became {q}, and {a} was the reason.",
        "How did {to} become {q}? Let {a} play a part in the myth.",
        "When I was young, my grandmother told me that {a} once made {to} {q}. I have forgotten how it happened, and there is "
        "nobody left whom I could ask. Please tell me this old legend again.",
        "Once {to} was not {q} at all. Then came {a}. Tell us the myth.",
        "Long ago {a} changed {to}, and now it is {q}. What is the legend?",
        "Explain with a legend about {a} how {to} got so {q}.",
    ],
    "adventure": [
        "Write an adventure of {a} {at}.",
        "Tell the adventure of {a} who travels to {to}.",
        "{a} sets out on a journey to {to}. Tell me the adventure.",
        "I love adventures! Send {a} to {to} and tell what happens.",
        "There is a treasure {at}. Let {a} look for it.",
        "Describe the long journey of {a} to {to}.",
        "Tomorrow we start on a long trip with the car, and my two children want to hear about danger, treasure and brave "
        "people. Write an adventure for them in which {a} has to reach {to}.",
        "An adventure story, please, with {a} and {to}.",
        "Who will find the gold {at}? Tell how {a} goes there.",
        "Let {a} travel far, to {to}, and come home with something new.",
    ],
    "first": [
        "Write a story in the first person. You are {a} {at}.",
        "Tell a story as {a} {at}, and use the word I.",
        "Let {a} {at} tell {p} own story.",
        "You are {a} {at}. Tell me what happened to you.",
        "In the first person, please: the story of {a} {at}.",
        "Pretend to be {a} who lives {at}, and tell your story.",
        "Many stories speak about the hero as if he or she were far away. I would like one in which the hero speaks for "
        "himself or herself. Take {a} {at}, and write in the first person.",
        "How would {a} {at} tell about {p} life? Use I and me.",
        "Speak as {a}. Tell what you saw {at}.",
        "Be {a} for a moment: what happened to you {at}?",
    ],
    "twist": [
        "Write a story about {a} {at} with a twist at the end.",
        "Tell a tale of {a} {at}. It should end with a surprise.",
        "I want a twist! The story is about {a} {at}.",
        "Surprise me with a story of {a} {at} that has an end nobody expects.",
        "{a} lives {at}, but not everything is true. Write the story with a twist.",
        "Please include a twist: {a}, {to}, a short story.",
        "Most stories that I read are boring, because I know the end after the first line. Write one about {a} {at} in which "
        "the last sentence changes everything.",
        "Make the end of this one a big surprise: {a} goes to {to}.",
        "Trick me. Tell about {a} {at}, and turn it all around in the end.",
        "Nothing is what it seems in the story of {a} {at}. Tell it.",
    ],
    "happy": [
        "Tell a story about {a} {at} with a happy ending.",
        "Write a happy story of {a} {at}.",
        "{a} is in trouble {at}. Tell the story and let it end well.",
        "I am sad today. Cheer me up with a story of {a} {at}.",
        "Please give {a} {at} a happy ending.",
        "A warm story with a good end, please, about {a} {at}.",
        "The last book that I read was so sad that I cried for an hour. Now I need the opposite: write about {a} {at}, and "
        "take care that everyone is happy in the end.",
        "Something bad happens to {a} {at}, but all is well at the end. Tell it.",
        "Everything turns out fine for {a} {at}. How?",
        "Make me smile with {a} {at} and a good end.",
    ],
    "sad": [
        "Tell a sad story about {a} {at}.",
        "Write a tragic tale of {a} {at}.",
        "A story without a happy ending, please: {a} {at}.",
        "{a} loses a friend {at}. Tell this sad story.",
        "I want to cry. Write about {a} {at}.",
        "Not all stories end well. Tell one about {a} {at}.",
        "My teacher says that the best stories are the sad ones, and she asked us to write one. Mine should be about {a} "
        "{at}, and the end must break the heart of the reader.",
        "Let the story of {a} {at} end in tears.",
        "Something sad, please, about {a} {at}.",
    ],
    "funny": [
        "Tell a funny story about {a} {at}.",
        "Make me laugh with a story of {a} {at}.",
        "Write something silly about {a} {at}.",
        "What is the funniest thing {a} did {at}? Tell me.",
        "A comic tale, please: {a} {at}.",
        "{a} makes a silly mistake {at}. Tell the funny story.",
        "My grandfather is in the hospital, and he loves to laugh. I will visit him this afternoon and want to read him "
        "something funny about {a} {at}. Please write it.",
        "Why does everyone laugh at {a} {at}? Tell it as a joke story.",
        "Write a comedy in a few lines with {a} {at}.",
    ],
}
WEIGHTS = {"tale": 18, "object": 11, "three": 7, "continue": 9, "fable": 9, "myth": 7, "sad": 4, "funny": 5}  # the others: 6

# The first sentences of stories.
OPENINGS = _all("""
Once {a} lived {at}. | Once {a} came to {to}. | Once upon a time {a} lived {at}. | One morning {a} went to {to}.
One day {a} was alone {at}. | Long ago there was {a} {at}. | Long ago {a} lived {at}.
Every day {a} went to {to} to look at the sky. | There was once {a} who lived {at}. | Far away, {at}, lived {a}.
It was a cold night {at}, and {a} was awake. | Last winter {a} came to {to}.
""")
FIRST_OPENINGS = _all("""
I am {a}, and I live {at}. | I was {a} {at} for many years. | My home is {at}, and I am {a}.
When I was {a} {at}, the days were long. | One day I, {a}, was alone {at}.
""")
DIARY_OPENINGS = _all("""
Dear diary, it is not easy to be {a} {at}. | Dear diary, I am still the only {h} {at}.
Today was my first day as {a} {at}. | Today was a strange day {at}, even for {a}.
Monday: I am {a}, and I am still {at}.
""")
COLORS = _all("""
The wind was cold. | The air was fresh. | The sky was clear. | It was very quiet. | Snow fell from the sky.
The rain did not stop. | A bell was ringing far away. | Nobody else was there.
""")


Plot = tuple[list[str], list[str], list[str]]
"""Problems, turns that bring the helper in, endings: any of them goes with any other of the same plot."""


def _plots(text: str) -> list[Plot]:
    """Plots of three lines each."""
    rows = _rows(text)
    return list(zip(rows[::3], rows[1::3], rows[2::3], strict=True))


PLOTS = _plots("""
{s} had no friends and felt alone. | nobody wanted to talk to {m}. | {p} days were long and sad.
then {f} asked to share {p} {d}. | then {f} came by and told {m} a joke. | one evening {f} sang a song for {m}.
soon {T} were the best of friends. | after that {T} met every day. | {F} never went away again.
a great storm came, and {b} was wet and cold. | suddenly the wind took the roof away. | the water rose higher and higher.
{f} showed {m} a dry place {i}. | {f} called {m} and made a warm fire. | but {f} held {m} with a long rope.
in the morning the sun came out again. | {T} waited there until the storm was over. | {s} thanked {F} with some {d}.
there was no food left, and {s} was very hungry. | {s} had not eaten for {n} days. | {p} last {d} was gone.
{f} brought {m} some {d}. | then {f} showed {m} {n} trees full of fruit. | {f} had {d} and gave {m} half of it.
{T} ate together and told old stories. | {s} never forgot that meal. | later {s} cooked for all who were hungry.
every night there was a strange noise {i}. | something was moving {i}. | {b} heard a loud cry {i}.
but it was only {f} who was cold. | {s} took a light and found {f}. | it was {f}, and {F} was more afraid than {b}.
{T} both laughed. | {s} gave {F} some warm {d}. | so {F} could stay there all winter.
{s} lost the way home. | soon it was dark, and {s} did not know the way. | every road looked the same to {m}.
{f} told {m} to follow the brightest star. | {f} went ahead with a light. | then {f} drew the way in the sand.
before the night was over {s} was home. | at last {s} saw a light in {p} own window. | {s} never lost the way again.
{b} was afraid of the dark. | {b} was afraid of deep water. | {b} was afraid of every loud noise.
{f} sat by {p} side and sang. | {f} said that everyone is afraid of something. | then {f} called for help {n} times.
so {s} forgot {p} fear. | that night {s} was brave for the first time. | {s} closed {p} eyes and jumped.
{s} met {f} who gave {m} one wish. | {f} came and said that {s} had one wish. | one day {f} said: make a wish.
{s} wished for {n} new friends. | {b} only wanted some {d}. | {s} thought about it for {n} days and nights.
then {s} gave the wish back to {F}. | the wish came true the next morning. | {F} smiled and was gone.
there was to be a race, and {b} was very slow. | {s} wanted to win the big race. | {s} said that nobody was faster.
{f} fell, and {b} stopped to help. | near the end {f} got lost in the fog. | but {f} was faster than the wind.
{T} came in last, and {T} did not care. | {T} shared the prize, a big cake. | after that {T} always ran together.
""")
OBJECT_PLOTS = _plots("""
{s} lost {o} and was very sad. | one day {p} {w} was gone. | {b} looked for {p} {w} the whole day.
{f} had seen it {i}. | {f} helped {m} look, and {T} found it {i}. | in the end {f} came and brought it back.
{s} held {k} tight and went home. | since then {k} was always with {m}. | {s} thanked {F} with some {d}.
{s} found {o} {i}. | there was {o} {i}, and {s} took it. | {i} {s} saw {o}.
{f} said that it was magic. | {f} had lost it and was crying. | {f} wanted to have it too.
so {b} gave {k} to {F}. | {T} decided to share {k}. | {k} began to shine, and all was well.
{s} had to sell {o}, for {s} had no money. | {s} wanted to sell {p} {w}. | nobody wanted to buy {p} {w}.
{f} gave {m} {n} coins for it. | {f} only had a song to give for it. | then {f} offered {m} a cow for it.
{s} went home and was content. | {b} said yes and never was sorry. | later {F} brought {k} back as a gift.
{p} {w} fell into a deep hole. | {s} had {o}, but the wind took it away. | {s} had dropped {o} into the water.
{f} got it back with a long stick. | {f} jumped after it. | {f} brought it back after {n} days.
{k} was wet, but {s} was glad. | {T} dried {k} in the sun. | {s} gave {F} {d} and a kiss.
somebody had taken {p} {w}. | a thief came in the night and took {p} {w}. | {p} {w} was no longer in its place.
it was {f} who only wanted a friend. | {s} followed the tracks and found {f}. | the tracks led to {f}.
{s} was not angry and made some tea. | {F} was sorry and gave {k} back. | {b} let {F} keep {k}.
behind a small door {s} found {o}. | an old woman left {m} {o}. | on {p} birthday {s} got {o}.
{f} said that {k} could talk. | {f} told {m} never to use it at night. | when {s} touched it, {f} came out.
{k} told {m} {n} secrets. | {s} kept {k} for the rest of {p} life. | {T} used {k} to help the poor.
""")

ENDS = _all("""
people still talk about it today. | that was the end of a long day. | {s} went home and told nobody. | and so it was.
{T} talk about it to this day. | {s} learned a lot that day.
""")
KIND_ENDS = {
    "happy": _all("""
and {T} were happy ever after. | {s} had never been so happy. | {T} danced until the sun came up.
everyone cheered, and there was cake for all. | from that day on {s} was happy. | {s} laughed with joy.
"""),
    "twist": _all("""
but then {s} woke up: it was all a dream. | but {F} was really {p} lost brother. | but {F} had been a king all the time.
then {s} saw that {F} was only a shadow. | but all of this happened inside a book. | but {F} was {p} own mother.
"""),
    "sad": _all("""
but {F} had to go and never came back. | {b} waited for years, but nobody came. | then winter came, and {F} died.
but it was too late, and {s} cried. | in the end {s} was alone again. | {s} never smiled again.
"""),
    "bedtime": _all("""
then {s} closed {p} eyes and slept. | the moon smiled, and soon all were asleep. | good night, little {h}.
then {T} slept until the morning. | the stars came out, and {s} fell asleep. | now you can sleep too.
"""),
}
FUNNY = _all("""
{s} put some {d} on {p} head and called it a hat. {f} wanted one too. | {s} sneezed so hard that {f} flew into the soup.
{s} said good morning to a chair for {n} days. then {f} told {m} that it was a chair.
{s} wanted to wash {o}, but by mistake {s} washed {f}.
{s} tried to teach {f} to sing. now {F} sings all night, and nobody can sleep.
{s} was looking for {p} {w} the whole day. {f} said: it is on your head!
{s} cooked {d} with {n} old socks. {f} ate it all and asked for more.
{s} bowed to {f} by mistake and fell into the mud.
""")
FUNNY_ENDS = _all("""
everybody laughed. | even the moon had to laugh. | {F} still laughs about it. | now all the others do it too.
{b} was red like an apple. | nobody could stop laughing.
""")

# Fables, by theme: three lines with the theme, what happens, and what is learned.
THEMES: dict[str, tuple[list[str], list[str]]] = {
    theme[0]: (happenings, morals)
    for theme, happenings, morals in _plots("""
kindness
{s} shared {p} last {d} with {f}. later {F} pulled {m} out of a hole. | {s} gave {f} a warm bed. {F} came back with gold.
kindness always comes back. | a little kindness is never lost.
patience
{s} pulled at the young plants to make them grow. {f} told {m} to wait. | {s} ate the fruit while it was green. {f} waited.
patience makes the fruit sweet. | with patience all things grow.
pride
{s} said that {s} was better than {f}. then {s} fell into the mud. | {s} did not want the help of {f}, and {s} got lost.
pride comes before a fall. | too much pride makes us fools.
greed
{s} had {n} cakes and took the cake of {f} too. then all fell down. | {s} wanted all the gold of {f}, and the bag broke.
greed is never full. | greed loses everything.
courage
{f} had fallen into the water. {s} was afraid, but {s} jumped. | all the others ran away. only {s} stayed to save {f}.
courage is to be afraid and still go. | even the small can have courage.
honesty
{s} found the gold of {f} and gave it back. {F} made {m} rich. | {s} broke a cup and told {f} the truth. {F} was not angry.
honesty is the best way. | honesty wins every heart.
hope
for {n} years no rain fell. {s} and {f} still planted a seed. | {f} said that all was lost. {s} still kept a light burning.
hope is a light in the dark. | where there is hope, there is a way.
sharing
{s} had {d}, and {f} had fire. alone each was cold or hungry. | {s} kept all the {d} and ate it alone. {f} ate with friends.
sharing makes us all rich. | sharing is better than having.
friendship
{s} and {f} had a fight. then winter came, and both were cold. | {s} sold {p} house to help {f}. {F} gave {m} a home.
friendship is worth more than gold. | friendship keeps us warm.
work
{s} slept all summer while {f} worked. in winter {s} had no {d}. | {s} worked for {n} days while {f} played and laughed.
first comes the work, then the fun. | good work is never lost.
""")
}
LESSONS = ["The lesson: {}", "Remember: {}", "So we learn: {}"]

# Myths: how the place got its quality, which begins the line.
MYTH_OPENINGS = _all("""
Long ago {to} was not {q}, and {a} lived there. | When the world was young, {a} came to {to}.
Once {to} was like any other, until {a} came. | There was a time when {a} ruled {to}.
""")
QUALITIES = {
    quality: causes
    for quality, *causes in _rows("""
quiet | {s} put every sound into {o}. | {s} wanted to sleep and told the wind to be still. | {f} stole {p} voice.
cold | {s} dropped a piece of winter there. | {s} made {f} so angry that it sent snow. | {s} hid the summer in {o}.
dark | {s} caught the sun and hid it in {o}. | {f} ate all the light. | {s} was sad and covered the sky with {p} coat.
bright | {s} threw {n} stars down from the sky. | {s} broke {o}, and light came out. | {f} gave {m} a piece of the sun.
windy | {s} opened {o}, and the wind came out. | {s} laughed so hard that the air never stopped. | {f} sneezed {n} times.
green | {s} cried, and grass grew from {p} tears. | {s} planted {o} there. | {f} painted it for {m} in one night.
""")
}
MYTH_ENDS = _all("""
That is why {to} is {q} to this day. | Since then {to} has been {q}. | And so {to} is still {q}.
""")

# The opening that the request gives, and first sentences that go on from it.
CONTINUATIONS = [
    (opening, going_on)
    for opening, *going_on in _rows("""
{a} heard a soft song {at}. | Soon {b} found the singer {at}: it was {f}. | Then {b} saw {f} who sang for all {at}.
One evening {a} saw a light {at}. | Soon {b} found {f} with a lamp {at}. | The light {at} came from {f}, and {b} went near.
{a} came to {to} and was very tired. | Soon {b} was asleep {at}, until {f} came. | But {at} {f} gave {b} a bed.
For many years {a} had lived alone {at}. | Then {f} came to {to} and greeted {b}. | But now {b} met {f} {at}.
The door opened, and {a} stepped out {at}. | There {at} {f} was waiting for {b}. | Soon {b} saw {f} {at}.
{a} had a secret, and it was hidden {at}. | Only {f} {at} knew what {b} had done. | Then {f} followed {b} and saw it {at}.
Last night {a} had a dream about somebody {at}. | Soon {b} went there and met {f} {at}. | Then {b} found {f} {at}.
Everybody {at} was afraid of {a}. | Only {f} was not afraid of {b} {at}. | Then {f} came to {to} and smiled at {b}.
{a} lost a shoe {at}. | Soon {f} {at} brought it back to {b}. | Then {b} saw {f} {at} with the shoe.
""")
]
MIDDLES = _all("""
{F} told {m} an old secret. | {F} gave {m} {o}. | {T} shared some {d}. | {F} asked {m} for help. | {T} played a game.
{F} took {m} to a small door {i}. | {F} was cold, so {s} made a fire. | {T} talked for {n} hours.
""")

SCENE_OPENINGS = _all("""
It was dark {at}, and {a} was alone. | It was almost midnight {at}. {a} held {p} breath.
One lamp was burning {at}, and {a} sat under it. | There was no sound {at}. {a} waited.
Long after midnight {a} was still {at}.
""")
SCENES = _all("""
something moved {i}. | somebody was breathing {i}. | {i} lay {o}. | there were {n} wet steps on the floor.
far away a bell rang {n} times. | the light went out. | somebody had been there before. | a voice said {p} name.
""")
SCENE_ENDS = _all("""
slowly the door opened. | then {s} saw {f}. | {s} wanted to run, but {s} could not. | then it was quiet again.
{s} turned around. | {s} knew that it was only the start.
""")

DIALOGUE_OPENINGS = _all("""
One night {a} met {f} {at}. | One day {f} came up to {a} {at}. | It was late {at} when {a} met {f}.
Once {a} and {f} sat together {at}.
""")
DIALOGUES = _all("""
"why are you so sad?" asked {F}. "I have lost my {w}," said {b}. "it is {i}," said {F}.
"who are you?" asked {b}. "I am a friend," said {F}. "then sit down and have some {d}," said {b}.
"can you keep a secret?" asked {F}. "yes," said {b}. "there is gold {i}," said {F}.
"what is that?" asked {b}. "it is {o}," said {F}. "may I have it?" asked {b}. "yes, if you sing for me," said {F}.
"are you afraid?" asked {F}. "only a little," said {b}. "so am I," said {F}.
"do you know the way?" asked {b}. "go on for {n} hours," said {F}. "that is too far!" said {b}.
"I am hungry," said {F}. "I have only {d}," said {b}. "I love {d}!" said {F}.
"what do you want?" asked {b}. "I want to go home," said {F}. "then come with me," said {b}.
""")
DIALOGUE_ENDS = _all("""
they both laughed. | then they went home together. | after that they were friends. | "good night," said {F}.
"thank you," said {b}. | they talked until morning.
""")

ADVENTURE_OPENINGS = _all("""
One morning {a} set out for {to}. | Once {a} heard of a treasure {at}.
Far away, {at}, there was gold, and {a} wanted to find it. | Long ago {a} began a journey to {to}.
Every map showed {to}, but only {a} dared to go there.
""")
ADVENTURES = _all("""
{s} crossed {n} rivers and a wide desert. | {s} hid from wolves for {n} days.
a storm broke the ship, and {s} had to swim. | {s} climbed over ice and rocks.
the bridge fell, and {s} hung on a rope. | {n} giants stood in the way.
""")
ADVENTURE_TURNS = _all("""
{f} showed {m} a secret way. | {f} fought by {p} side. | but {f} knew the magic word. | with {f} {s} solved the riddle.
there {s} saved {f} from a trap. | {f} carried {m} the last mile.
""")
ADVENTURE_ENDS = _all("""
at last {s} found {o} {i}. | the treasure was {o}, and {s} laughed. | {s} came home with {o}. | {T} shared the gold.
{s} came home rich and tired. | but the best treasure was a new friend.
""")
